"""`ownerline asterisk config`: writes the snippets, and makes the secret they need."""

import difflib
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import SecretStr

from core.errors import OwnerlineError
from core.settings import Settings
from dialer.bridges.asterisk.places import Place, place_of
from dialer.bridges.asterisk.snippets import (
    BROWSERS_FILE,
    FOLDER,
    SECRET_SUFFIX,
    is_as_written,
    render_snippets,
)
from dialer.bridges.asterisk.sounds import Sounds
from scripts.speech.speaker import make_speaker

SECRET_FILE = "ami.secret"  # noqa: S105 - the name of a file, in the home
_INCLUDES = {
    "extensions.conf": "dialplan reload",
    "pjsip.conf": "pjsip reload",
    "confbridge.conf": "module reload app_confbridge.so",
    "musiconhold.conf": "moh reload",  # looks anew only where the file is newer
    "manager.conf": "manager reload",
}
_BROWSERS_INCLUDES = {"http.conf": "module reload http"}  # where browsers are phones
_SECRET = re.compile(r"(^\s*(?:secret|password|md5_cred)\s*=>?\s*).+")


class SnippetFilesError(OwnerlineError):
    """The snippets cannot be written where they were to go."""


class State(StrEnum):
    """What became of a file."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    UPDATED = "updated"  # nobody had changed what was written before
    KEPT = "kept"  # somebody had


@dataclass(frozen=True, kw_only=True, slots=True)
class SnippetFile:
    """One file; `difference` is what was kept against what would be written, without secrets."""

    path: Path
    state: State
    difference: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """All that was written, and what is left to the administrator."""

    folder: Path
    place: Place
    files: tuple[SnippetFile, ...]
    secret_made: Path | None  # where our own side keeps it
    audio: str  # what became of apologies and music on hold
    includes: Mapping[str, str]  # by file, what reloads it

    @property
    def kept(self) -> tuple[SnippetFile, ...]:
        """The files that somebody has changed."""
        return tuple(each for each in self.files if each.state is State.KEPT)

    def as_json(self) -> dict[str, object]:
        """Return the object that `--json` prints."""
        return {
            "folder": str(self.folder),
            "place": str(self.place),
            "files": [
                {"file": str(each.path), "state": each.state.value}
                | ({"difference": each.difference} if each.difference else {})
                for each in self.files
            ],
            "include": dict(self._includes()),
            "reload": list(self.includes.values()),
            "secret_made": None if self.secret_made is None else str(self.secret_made),
            "audio": self.audio,
        }

    def lines(self) -> Iterator[str]:
        """Return what a person reads."""
        for each in self.files:
            yield f"{each.state:9} {each.path}"
            yield from each.difference.splitlines()
        yield self.audio
        yield ""
        if self.secret_made is not None:
            yield f"The secret lies in {self.secret_made}; the settings of this server need"
            yield f'    secret_file = "{self.secret_made.name}"'
        yield f"For the Asterisk at {self.place}: {self.folder} belongs beside its own files, as"
        yield f"/etc/asterisk/{self.folder.name}, with *{SECRET_SUFFIX} for its user to read."
        yield "These lines go to the end of the files they name (pjsip.conf: above what uses it):"
        for file, line in self._includes():
            yield f"    /etc/asterisk/{file:17} {line}"
        yield "Then:"
        for command in self.includes.values():
            yield f'    asterisk -rx "{command}"'
        yield "    ownerline doctor"

    def _includes(self) -> Iterator[tuple[str, str]]:
        for file in self.includes:
            yield file, f"#include {self.folder.name}/{file}"


async def publish_audio(settings: Settings) -> str:
    """Put apologies and music on hold into the shared folder; returns what came of it."""
    folder = settings.asterisk.shared_folder or settings.home / "asterisk"
    later = "a dialer puts it there when it starts; then: touch musiconhold.conf, moh reload"
    if os.geteuid() == 0 and settings.home.exists() and settings.home.stat().st_uid != 0:
        return f"audio     {folder}: not as root, or it would be root's; {later}"
    try:
        speaker = make_speaker(settings, settings.home)
        try:
            await Sounds(speaker, folder=folder).start()
        finally:
            await speaker.close()
    except OwnerlineError as err:
        return f"audio     {folder}: {err}; {later}"
    return f"audio     {folder}: apologies and music on hold"


def write_snippets(
    settings: Settings,
    folder: Path,
    *,
    server: str | None,
    dialer_addresses: Sequence[str],
    force: bool,
    audio: str,
) -> Written:
    """Write the files; a second time changes nothing, and what somebody changed stays.

    Args:
        settings: may lack the secret, which is made then.
        folder: made if it is not there.
        server: whose Asterisk; None: the only one.
        dialer_addresses: from where the dialers reach it.
        force: write over what somebody changed, too.
        audio: what `publish_audio` returned.

    Raises:
        SnippetFilesError: the folder is Asterisk's own.
        OwnerlineError: as `render_snippets`.
    """
    folder = folder.absolute()
    if (folder / "asterisk.conf").exists():
        message = f"{folder} has Asterisk's own files; name a folder in it: {folder / FOLDER}"
        raise SnippetFilesError(message)
    place = place_of(settings.asterisk, server)
    settings = _with_browsers_secret(settings)
    secret = _missing_secret(settings, place)
    complete = settings if secret is None else _with_secret(settings, place, secret)
    texts = render_snippets(
        complete, server=server, dialer_addresses=dialer_addresses, folder=folder.name
    )
    folder.mkdir(parents=True, exist_ok=True)
    made = None if secret is None else _keep_secret(settings, place, secret)
    return Written(
        folder=folder,
        place=place,
        files=tuple(_put_all(folder, texts, force=force)),
        secret_made=made,
        audio=audio,
        includes=_INCLUDES | (_BROWSERS_INCLUDES if BROWSERS_FILE in texts else {}),
    )


def _with_browsers_secret(settings: Settings) -> Settings:
    """Return the settings with a secret for browsers' phones, made in its file where it lacks."""
    browsers = settings.asterisk.browsers
    if not browsers.phones or browsers.secret is not None or browsers.secret_file is None:
        return settings
    made = secrets.token_urlsafe(32)
    path = settings.home / browsers.secret_file
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, made + "\n", mode=0o600)
    _give_to_owner_of(path.parent, path)
    with_it = browsers.model_copy(update={"secret": SecretStr(made)})
    asterisk = settings.asterisk.model_copy(update={"browsers": with_it})
    return settings.model_copy(update={"asterisk": asterisk})


def _missing_secret(settings: Settings, place: Place) -> str | None:
    """Return a secret for an Asterisk whose settings have none; kept by an earlier run, or new."""
    if any(each.secret is not None for each in place.servers):
        return None
    kept = _secret_path(settings, place)
    if kept.exists():
        return kept.read_text(encoding="utf-8").strip()
    return secrets.token_urlsafe(32)


def _secret_path(settings: Settings, place: Place) -> Path:
    named = next((each.secret_file for each in place.servers if each.secret_file), None)
    return settings.home / (named or SECRET_FILE)


def _with_secret(settings: Settings, place: Place, secret: str) -> Settings:
    servers = settings.asterisk.servers or place.servers
    given = {"secret": SecretStr(secret)}
    own = {
        "servers": tuple(
            each.model_copy(update=given) if each in place.servers else each for each in servers
        )
    }
    return settings.model_copy(update={"asterisk": settings.asterisk.model_copy(update=own)})


def _keep_secret(settings: Settings, place: Place, secret: str) -> Path:
    path = _secret_path(settings, place)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _write(path, secret + "\n", mode=0o600)
        _give_to_owner_of(path.parent, path)
    return path


def _put_all(folder: Path, texts: Mapping[str, str], *, force: bool) -> Iterator[SnippetFile]:
    for name, text in texts.items():
        yield _put(folder / name, text, force=force)


def _put(path: Path, text: str, *, force: bool) -> SnippetFile:
    is_secret = path.name.endswith(SECRET_SUFFIX)
    there = path.read_text(encoding="utf-8") if path.exists() else None
    if there == text:
        return SnippetFile(path=path, state=State.UNCHANGED)
    if there is not None and not is_as_written(there) and not force:
        shown = "" if is_secret else _difference(path, there, text)
        return SnippetFile(path=path, state=State.KEPT, difference=shown)
    if is_secret:
        _write_secret(path, text)
    else:
        _write(path, text, mode=0o644)
    return SnippetFile(path=path, state=State.WRITTEN if there is None else State.UPDATED)


def _write_secret(path: Path, text: str) -> None:
    """Write what Asterisk's user alone is to read: by the folder's group where it is set so."""
    if path.parent.stat().st_mode & stat.S_ISGID:
        _write(path, text, mode=0o640)
        return
    _write(path, text, mode=0o600)
    _give_to_owner_of(path.parent.parent, path)


def _difference(path: Path, there: str, text: str) -> str:
    old, new = ([_SECRET.sub(r"\1…", line) for line in each.splitlines()] for each in (there, text))
    return "\n".join(difflib.unified_diff(old, new, f"{path} (kept)", f"{path} (new)", lineterm=""))


def _write(path: Path, text: str, *, mode: int) -> None:
    """Write a file whole at once; nobody else may have read a secret in the meantime."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
    draft.chmod(mode)
    draft.replace(path)


def _give_to_owner_of(folder: Path, path: Path) -> None:
    """Let whoever owns the folder, say Asterisk or our own user, read what root has written."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
