"""What the columns of an uploaded list are taken for."""

import pytest

from callback.uploaded_columns import read_columns
from callback.uploaded_model import UploadedListError, row_of_subject, row_subject


@pytest.mark.parametrize(
    ("titles", "given", "meanings"),
    [
        (["姓名", "手机", "房号"], {}, ["name", "phone", "unit"]),
        (["Full Name", "Mobile phone", "Tel", "Room"], {}, ["name", "phone", "phone", "unit"]),
        (["Phone", "Event Day"], {}, ["phone", "variable:event_day"]),
        (
            ["Phone", "Company", "Today"],
            {},
            ["phone", "variable:row_company", "variable:row_today"],
        ),
        (["Phone", "2nd gift"], {}, ["phone", "variable:row_2nd_gift"]),
        (["Phone", "Gift", "gift!"], {}, ["phone", "variable:gift", "variable:gift_2"]),
        (["Phone", "活动"], {}, ["phone", "ignored"]),
        (["Phone", "活动"], {"活动": "event"}, ["phone", "variable:event"]),
        (["Nummer", "Name"], {"nummer": "phone"}, ["phone", "name"]),
        (["Phone", "Owner", "Name"], {"Owner": "name"}, ["phone", "name", "variable:name"]),
        (["Phone", "Email", ""], {"Email": "ignore"}, ["phone", "ignored"]),
    ],
    ids=[
        *("chinese", "english", "variable", "taken", "digit", "twice", "no-latin", "mapped"),
        *("phone-mapped", "said-wins", "ignored"),
    ],
)
def test_a_column_is_taken_for_what_its_title_or_the_mapping_says(
    titles: list[str], given: dict[str, str], meanings: list[str]
) -> None:
    assert [column.meaning for column in read_columns(titles, given)] == meanings


@pytest.mark.parametrize(
    ("titles", "given", "said"),
    [
        (["Phone"], {"Nope": "name"}, "there is no column 'Nope'; the columns are 'Phone'"),
        (["Phone", "A", "A"], {"A": "name"}, "2 columns are called 'A'"),
        (["Phone", "Day"], {"Day": "today"}, "given by the call itself"),
        (["Phone", "Day"], {"Day": "Event Day"}, "is no name of a variable"),
        (["Phone", "Name", "Owner"], {}, "would both be name"),
        (["Phone", "A", "B"], {"A": "gift", "B": "gift"}, "would both be gift"),
        (["Name", "Gift"], {}, "--map COLUMN=phone"),
    ],
    ids=["unknown", "ambiguous", "taken", "no-name", "twice", "twice-said", "no-phone"],
)
def test_a_mapping_that_cannot_be_is_refused_with_the_mend(
    titles: list[str], given: dict[str, str], said: str
) -> None:
    with pytest.raises(UploadedListError, match=said):
        read_columns(titles, given)


def test_a_subject_names_its_row() -> None:
    assert row_of_subject(row_subject(12, 34)) == (12, 34)
    with pytest.raises(UploadedListError, match="list:12:34"):
        row_of_subject("work_order:12")
