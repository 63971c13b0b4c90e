"""Staged contacts into communities, units, persons, occupancies, phones, opt-outs and notes.

Each step is one statement over all staged rows; a step that changes the customer file marks the
rows that made it change, so what is left unmarked is `unchanged`.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from customers.importing.consents import state_consents
from customers.importing.model import Defaults
from customers.importing.occupancies import hand_over
from customers.importing.phones import restate_phones
from customers.importing.staging import analyze, run
from customers.spelled_names import spell

_COMMUNITIES = """
    INSERT INTO community (name, time_zone, region, currency, packs)
    SELECT community, :time_zone, :region, :currency, CAST(:packs AS text[])
    FROM stage_contact GROUP BY community ORDER BY min(seq)
    ON CONFLICT (name) DO NOTHING
"""
_UNITS = """
    INSERT INTO unit (community_id, label)
    SELECT c.community_id, s.unit
    FROM stage_contact s JOIN community c ON c.name = s.community
    GROUP BY c.community_id, s.unit ORDER BY min(s.seq)
    ON CONFLICT (community_id, label) DO NOTHING
"""
_PLACE = """
    UPDATE stage_contact s
    SET community_id = c.community_id, unit_id = u.unit_id, kin = s.seq,
        today = CAST(CAST(:now AS timestamptz) AT TIME ZONE c.time_zone AS date)
    FROM community c JOIN unit u USING (community_id)
    WHERE c.name = s.community AND u.label = s.unit
"""
_BY_UNIT = "CREATE INDEX ON stage_contact (unit_id, name)"
# A blank role is the one the person has at the unit already, or that another row of the file
# gives: a blank never makes an owner of a tenant.
_ROLES = """
    UPDATE stage_contact s
    SET role = coalesce(
        (SELECT o.role FROM occupancy o JOIN person p USING (person_id)
         WHERE o.unit_id = s.unit_id AND p.name = s.name
           AND (o.valid_until IS NULL OR o.valid_until > s.today)
         ORDER BY o.role = 'owner', o.occupancy_id LIMIT 1),
        (SELECT given.role FROM stage_contact given
         WHERE given.unit_id = s.unit_id AND given.name = s.name AND given.role IS NOT NULL
         ORDER BY given.role = 'owner', given.seq LIMIT 1),
        'owner')
    WHERE s.role IS NULL
"""
_REPEATS = """
    UPDATE stage_contact s SET repeat = true
    FROM (SELECT seq, row_number() OVER (PARTITION BY unit_id, role, name ORDER BY seq) AS nth
          FROM stage_contact) nths
    WHERE nths.seq = s.seq AND nths.nth > 1
"""
_SECOND_OWNERS = """
    WITH second AS (
        UPDATE stage_contact s SET rejected = true
        FROM (SELECT seq, first_value(name) OVER (PARTITION BY unit_id ORDER BY seq) AS owner
              FROM stage_contact WHERE role = 'owner') firsts
        WHERE firsts.seq = s.seq AND s.name <> firsts.owner
        RETURNING s.seq, s.sheet, s.row_number, s.name)
    INSERT INTO stage_finding (kind, seq, sheet, row_number, field, value, problem, rejected)
    SELECT 'contacts', seq, sheet, row_number, 'name', name, 'second_owner', true FROM second
"""
_OPT_OUTS_IN_REPEATS = """
    INSERT INTO stage_finding (kind, seq, sheet, row_number, field, value, problem, rejected)
    SELECT 'contacts', s.seq, s.sheet, s.row_number, 'do_not_call', 'true',
           'opt_out_in_a_repeat', false
    FROM stage_contact s JOIN stage_contact f USING (unit_id, role, name)
    WHERE s.repeat AND NOT s.rejected AND s.do_not_call
      AND NOT f.repeat AND f.do_not_call IS NOT TRUE
"""
_KNOWN_BY_UNIT = """
    UPDATE stage_contact s SET person_id = found.person_id
    FROM (SELECT s.seq, min(p.person_id) AS person_id
          FROM stage_contact s
          JOIN occupancy o ON o.unit_id = s.unit_id AND o.role = s.role
               AND (o.valid_until IS NULL OR o.valid_until > s.today)
          JOIN person p ON p.person_id = o.person_id AND p.name = s.name
          WHERE NOT s.repeat AND NOT s.rejected GROUP BY s.seq) found
    WHERE found.seq = s.seq
"""
_KNOWN_BY_PHONE = """
    UPDATE stage_contact s SET person_id = found.person_id
    FROM (SELECT s.seq, min(p.person_id) AS person_id
          FROM stage_contact s
          CROSS JOIN LATERAL unnest(s.phones) AS given (e164)
          JOIN phone ph ON ph.e164 = given.e164
          JOIN person p ON p.person_id = ph.person_id AND p.name = s.name
          WHERE s.person_id IS NULL AND NOT s.repeat AND NOT s.rejected GROUP BY s.seq) found
    WHERE found.seq = s.seq
"""
# Rows of one name that share a phone are one person: link them until no link is left to follow.
_LINKS = """
    CREATE TEMP TABLE stage_link ON COMMIT DROP AS
    SELECT name, e164, seq
    FROM (SELECT s.name, given.e164, s.seq,
                 count(*) OVER (PARTITION BY s.name, given.e164) AS sharing
          FROM stage_contact s CROSS JOIN LATERAL unnest(s.phones) AS given (e164)
          WHERE NOT s.repeat AND NOT s.rejected) phones
    WHERE sharing > 1
"""
_KIN = """
    UPDATE stage_contact s SET kin = lowest.kin
    FROM (SELECT seq, min(kin) AS kin
          FROM (SELECT l.seq, min(k.kin) OVER (PARTITION BY l.name, l.e164) AS kin
                FROM stage_link l JOIN stage_contact k USING (seq)) linked
          GROUP BY seq) lowest
    WHERE lowest.seq = s.seq AND lowest.kin < s.kin
"""
_PERSON_OF_KIN = """
    UPDATE stage_contact s SET person_id = known.person_id, new_person = known.new_person
    FROM (SELECT DISTINCT ON (kin) kin, person_id, new_person
          FROM stage_contact WHERE person_id IS NOT NULL ORDER BY kin, person_id) known
    WHERE known.kin = s.kin AND s.person_id IS NULL AND NOT s.repeat AND NOT s.rejected
"""
_NEW_PERSONS = """
    UPDATE stage_contact s SET person_id = fresh.person_id, new_person = true
    FROM (SELECT seq, nextval(pg_get_serial_sequence('person', 'person_id')) AS person_id
          FROM (SELECT seq FROM stage_contact
                WHERE person_id IS NULL AND seq = kin AND NOT repeat AND NOT rejected
                ORDER BY seq) firsts) fresh
    WHERE fresh.seq = s.seq
"""
_STATED_PERSON = """
    SELECT person_id, new_person, min(name) AS name,
           (array_agg(honorific ORDER BY seq) FILTER (WHERE honorific IS NOT NULL))[1] AS honorific,
           (array_agg(language ORDER BY seq) FILTER (WHERE language IS NOT NULL))[1] AS language,
           (array_agg(identity_digits ORDER BY seq)
               FILTER (WHERE identity_digits IS NOT NULL))[1] AS identity_digits,
           (array_agg(default_language ORDER BY seq))[1] AS default_language,
           bool_or(vip) AS vip
    FROM stage_contact WHERE NOT repeat AND NOT rejected GROUP BY person_id, new_person
"""
_INSERT_PERSONS = f"""
    WITH stated AS ({_STATED_PERSON})
    INSERT INTO person
        (person_id, name, honorific, language, vip, identity_digits, synthetic, name_keys)
    SELECT person_id, name, honorific, coalesce(language, default_language),
           coalesce(vip, false), identity_digits, :synthetic, name_keys
    FROM stated LEFT JOIN spelled_name USING (name) WHERE new_person ORDER BY person_id
"""  # noqa: S608 - joined of our own parts
_UPDATE_PERSONS = f"""
    WITH stated AS ({_STATED_PERSON}), updated AS (
        UPDATE person p
        SET honorific = coalesce(f.honorific, p.honorific),
            language = coalesce(f.language, p.language),
            vip = coalesce(f.vip, p.vip),
            identity_digits = coalesce(f.identity_digits, p.identity_digits)
        FROM stated f
        WHERE f.person_id = p.person_id AND NOT f.new_person
          AND (p.honorific, p.language, p.vip, p.identity_digits) IS DISTINCT FROM
              (coalesce(f.honorific, p.honorific), coalesce(f.language, p.language),
               coalesce(f.vip, p.vip), coalesce(f.identity_digits, p.identity_digits))
        RETURNING p.person_id)
    UPDATE stage_contact s SET changed = true FROM updated
    WHERE updated.person_id = s.person_id AND NOT s.repeat
"""  # noqa: S608 - joined of our own parts
_NEW_NAMES = "SELECT DISTINCT name FROM stage_contact WHERE new_person"
_OPTING_OUT = """
    SELECT DISTINCT s.person_id FROM stage_contact s
    WHERE s.do_not_call AND NOT s.repeat AND NOT s.rejected
      AND NOT EXISTS (SELECT FROM do_not_call d WHERE d.person_id = s.person_id
                      AND d.reason IS NULL AND d.lifted_at IS NULL)
"""
_LOCK_OPTING_OUT = f"""
    SELECT person_id FROM person WHERE person_id IN ({_OPTING_OUT})
    ORDER BY person_id FOR UPDATE
"""  # noqa: S608 - joined of our own parts
_OPT_OUT = f"""
    WITH opted_out AS (
        INSERT INTO do_not_call (person_id, since, said_by, how)
        SELECT person_id, CAST(:now AS timestamptz), :file, 'import' FROM ({_OPTING_OUT}) opting
        RETURNING person_id)
    UPDATE stage_contact s SET changed = true FROM opted_out
    WHERE opted_out.person_id = s.person_id AND s.do_not_call AND NOT s.repeat
"""  # noqa: S608 - joined of our own parts
_NOTES = """
    WITH noted AS (
        INSERT INTO note (person_id, unit_id, at, written_by, text)
        SELECT s.person_id, s.unit_id, CAST(:now AS timestamptz), :file, s.note
        FROM stage_contact s
        WHERE s.note IS NOT NULL AND NOT s.repeat AND NOT s.rejected
          AND NOT EXISTS (SELECT FROM note n WHERE n.person_id = s.person_id
                          AND n.unit_id = s.unit_id AND n.text = s.note)
        ORDER BY s.seq
        RETURNING person_id, unit_id)
    UPDATE stage_contact s SET changed = true FROM noted
    WHERE noted.person_id = s.person_id AND noted.unit_id = s.unit_id AND NOT s.repeat
      AND s.note IS NOT NULL
"""


async def merge_contacts(
    session: AsyncSession, *, defaults: Defaults, file: str, sha256: str, now: datetime
) -> None:
    """Merge the staged contacts into the customer file."""
    await run(
        session,
        _COMMUNITIES,
        time_zone=defaults.time_zone,
        region=defaults.region,
        currency=defaults.currency,
        packs=list(defaults.packs),
    )
    await run(session, _UNITS)
    await run(session, _PLACE, now=now)
    await run(session, _BY_UNIT)
    await analyze(session, "stage_contact")
    await run(session, _ROLES)
    await run(session, _REPEATS)
    await run(session, _SECOND_OWNERS)
    await run(session, _OPT_OUTS_IN_REPEATS)
    await _know_persons(session)
    await spell(session, _NEW_NAMES)
    await run(session, _INSERT_PERSONS, synthetic=defaults.synthetic)
    await run(session, _UPDATE_PERSONS)
    await hand_over(session)
    await restate_phones(session, sha256=sha256, now=now)
    await run(session, _LOCK_OPTING_OUT)
    await run(session, _OPT_OUT, now=now, file=file)
    await state_consents(session, file=file, now=now)
    await run(session, _NOTES, now=now, file=file)


async def _know_persons(session: AsyncSession) -> None:
    """Give every row its person: by unit, role and name; by name and phone; else a new one."""
    await run(session, _KNOWN_BY_UNIT)
    await run(session, _KNOWN_BY_PHONE)
    await run(session, _LINKS)
    while await run(session, _KIN):
        pass
    await run(session, _PERSON_OF_KIN)
    await run(session, _NEW_PERSONS)
    await run(session, _PERSON_OF_KIN)
    await analyze(session, "stage_contact")
