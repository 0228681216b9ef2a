"""Which weights a card means, and what identifies them: a commit of the hub, or the content of files."""

from __future__ import annotations

import hashlib
import logging
import re
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from toolbench_eval.cards import ModelCard
from toolbench_eval.errors import HubError, MissingDataError, UsageError

INSTALL = "it needs torch and sentence-transformers: pip install 'toolbench-eval[dense]'"

_log = logging.getLogger("toolbench_eval")

SETTLED = 2.0
"""Seconds after which another change of a file shows in the date of its last change, which cannot be set back."""
_digests: dict[tuple[Path, int, int, int, int, int], bytes] = {}

_COMMIT = re.compile(r"[0-9a-f]{40}")
_IRRELEVANT = {".md", ".png", ".jpg", ".pdf"}
_ROOT_FILES = ("config.json", "modules.json")
"""Files of which every model has one."""


@dataclass(frozen=True)
class Weights:
    """Weights that can be loaded.

    Attributes:
        place: A folder, or `owner/name` on the hub.
        commit: The commit on the hub, None for a folder.
        identity: The same for the same weights, and for no others.
        confirmed: False where the hub could not be asked, and the commit is the one that it named last.
    """

    place: str
    commit: str | None
    identity: str
    confirmed: bool = True


def find_weights(card: ModelCard, *, offline: bool) -> Weights:
    """The weights of a card; none are fetched or loaded.

    Raises:
        UsageError: The card names none or a folder without a model, or the package that carries them is not installed.
        MissingDataError: Offline, and the hub's cache does not know the revision.
        HubError: The hub did not say which commit the revision is, or cannot be asked and its cache has no such commit.
    """
    if card.package is not None:
        return _model_in(_package_folder(card, card.package))
    if card.hub is None:
        raise UsageError(f"the card of '{card.name}' names neither a hub repository nor a package")
    if Path(card.hub).is_dir():
        return _model_in(Path(card.hub))
    if not offline:
        _quiet_retries()
    if card.revision is not None and _COMMIT.fullmatch(card.revision):
        if not offline and not _is_cached(card.hub, card.revision):
            _ask(card.hub, card.revision)
        return _at_commit(card.hub, card.revision)
    confirmed = offline or _answers(card.hub, card.revision)
    if not confirmed and not _is_cached(card.hub, card.revision):
        _ask(card.hub, card.revision)
        confirmed = True
    commit = _commit(card.hub, card.revision, offline=offline)
    if not confirmed:
        _log.warning("the hub cannot be asked for %s: the commit that it named last is used, %s", card.hub, commit)
    return _at_commit(card.hub, commit, confirmed=confirmed)


def _at_commit(repo: str, commit: str, *, confirmed: bool = True) -> Weights:
    return Weights(repo, commit, f"{repo}@{commit}", confirmed)


def folder_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of a folder's files, hidden ones and documentation left out.

    Content, because a size and a date can stay the same when weights are trained on in place.
    """
    names = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    total = hashlib.sha256()
    for name in sorted(names):
        if name.suffix.lower() not in _IRRELEVANT and not any(part.startswith(".") for part in name.parts):
            total.update(b"%d:%s" % (len(name.as_posix()), name.as_posix().encode()))
            total.update(_file_digest(names[name]))
    return total.hexdigest()


def _file_digest(path: Path) -> bytes:
    """SHA-256 of a file, which is read once by a process as long as nobody touches it."""
    stat = path.stat()
    state = (path, stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    if state not in _digests:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").digest()
        if time.time() - stat.st_ctime < SETTLED:
            return found
        _digests[state] = found
    return _digests[state]


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds no model, before all that is in it is read.

    Raises:
        UsageError: It has none of the files that every model has.
    """
    if not any((folder / name).is_file() for name in _ROOT_FILES):
        raise UsageError(f"{folder} cannot be loaded as a model: it has neither {' nor '.join(_ROOT_FILES)}")


def find_folder(folder: Path) -> Weights:
    """The weights in a folder, whatever else is in it."""
    return Weights(str(folder), None, f"files:{folder_digest(folder)}")


def _model_in(folder: Path) -> Weights:
    check_folder(folder)
    return find_folder(folder)


def _package_folder(card: ModelCard, package: str) -> Path:
    try:
        return Path(import_module(package).get_model_path())
    except ImportError:
        raise UsageError(f"the weights of '{card.name}' come from the package {package}; {INSTALL}") from None


def _commit(repo: str, revision: str | None, *, offline: bool) -> str:
    """The commit of a revision: as the hub says, or, where it cannot be reached, as it said last."""
    from huggingface_hub.errors import HFValidationError

    from toolbench_eval.data.hub_errors import failures

    try:
        path = _some_file(repo, revision, offline=offline)
    except HFValidationError as error:
        raise UsageError(f"'{repo}' is neither a folder nor the name of a model on the hub") from error
    except failures() as error:
        if offline:
            raise MissingDataError(
                "the hub's cache holds no such model and --offline is set: run once without it, or give a folder",
                file=repo,
            ) from error
        raise unavailable(repo, error) from error
    return path.parent.name


def _answers(repo: str, revision: str | None) -> bool:
    """Whether the hub says anything of a revision; huggingface_hub would take the last known commit without a word."""
    from huggingface_hub.errors import HFValidationError

    from toolbench_eval.data.hub_errors import failures, may_pass

    try:
        _head(repo, revision)
    except HFValidationError:
        return True
    except failures() as error:
        return not may_pass(error)
    return True


def _ask(repo: str, revision: str | None) -> None:
    """Make sure that the hub answers, before libraries try each of a model's files again and again.

    Raises:
        HubError: It does not, a few tries later either.
        UsageError: It has no such name.
    """
    from huggingface_hub.errors import HFValidationError, OfflineModeIsEnabled

    from toolbench_eval.data.hub_errors import failures, may_pass, retried

    try:
        retried(lambda: _head(repo, revision))
    except HFValidationError as error:
        raise UsageError(f"'{repo}' is neither a folder nor the name of a model on the hub") from error
    except OfflineModeIsEnabled:
        return  # HF_HUB_OFFLINE: the libraries say so, too, and try nothing
    except failures() as error:
        if may_pass(error):
            raise unavailable(repo, error) from error


def _head(repo: str, revision: str | None) -> None:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    get_hf_file_metadata(hf_hub_url(repo, _ROOT_FILES[0], revision=revision))


def _is_cached(repo: str, revision: str | None) -> bool:
    """Whether the hub's cache knows a revision of a model."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return any(isinstance(try_to_load_from_cache(repo, name, revision=revision), str) for name in _ROOT_FILES)
    except HFValidationError:
        return False


def _quiet_retries() -> None:
    """Leave it to the error that ends them to tell of huggingface_hub's own tries."""
    logging.getLogger("huggingface_hub.utils._http").setLevel(logging.ERROR)


def _some_file(repo: str, revision: str | None, *, offline: bool) -> Path:
    """A small file of the commit, fetched if need be: so the hub's cache learns which commit the revision is."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    from toolbench_eval.data.hub_errors import retried

    def fetched(name: str) -> Path:
        if offline:
            return Path(hf_hub_download(repo, name, revision=revision, local_files_only=True))
        return Path(retried(lambda: hf_hub_download(repo, name, revision=revision)))

    *others, last = _ROOT_FILES
    for name in others:
        try:
            return fetched(name)
        except EntryNotFoundError as error:
            if isinstance(error, LocalEntryNotFoundError) and not offline:
                raise
    return fetched(last)


def unloadable(card: ModelCard, place: str, error: Exception) -> UsageError:
    """The error for weights that are there and cannot be loaded, or not without code that was not allowed."""
    if "trust_remote_code" not in str(error):
        return UsageError(f"{place} cannot be loaded as a model: {error}")
    named = "look at the code, then allow it with --trust-remote-code (and remote_code = true, if it has a card)"
    return UsageError(f"{place} cannot be loaded as a model without code that it brings along: {named}")


def unavailable(place: str, error: Exception) -> HubError:
    """The error for weights that could not be had."""
    said = next(iter(str(error).splitlines()), type(error).__name__)  # what follows is advice to programmers
    return HubError(
        f"the weights of {place} could not be had ({said}): check the name, run the same command again later, "
        "or give a folder with the model"
    )
