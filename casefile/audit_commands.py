"""The operator's commands around the audit trail."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from casefile.inspection import WRONG, open_newsroom

if TYPE_CHECKING:
    from casefile.audit import Report
    from casefile.uow import Resources

MOST_LINES = 20


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command("verify")
@click.option("--json", "as_json", is_flag=True)
def audit_verify(as_json: bool) -> None:
    """Walk the whole chain of entries and find edits and gaps; then tree, checkpoints, time-stamps.

    Example: casefile audit verify
    """
    from casefile import audit as trail

    resources = open_newsroom()
    report = trail.examine(resources)
    key = str(trail.checkpoints.signer(resources).verifier)
    if as_json:
        click.echo(json.dumps(_as_json(report, key)))
    else:
        _tell([f"entry {found.sequence} {found.reason}" for found in report.broken])
        _tell([f"tree: {fault}" for fault in report.tree])
        _tell(report.checkpoint_faults)
        _tell(report.stamp_faults)
        for line in _summary(report):
            click.echo(line)
        click.echo(f"The newsroom's key: {key}")
    sys.exit(0 if report.holds else WRONG)


def _tell(faults: list[str]) -> None:
    for fault in faults[:MOST_LINES]:
        click.echo(fault, err=True)
    if len(faults) > MOST_LINES:
        click.echo(f"… and {len(faults) - MOST_LINES} more like it", err=True)


def _summary(report: Report) -> list[str]:
    root = base64.b64encode(report.root).decode() if report.root else "none"
    stamps, wrong = report.stamps, len(report.checkpoint_faults)
    fit = f"{wrong} DO NOT FIT" if wrong else "all fit"
    lines = [
        f"{report.entries} entries: {'THE CHAIN IS BROKEN' if report.broken else 'the chain holds'}.",
        "The tree over them is WRONG." if report.tree else f"The tree over them holds: {root}.",
        f"{report.checkpoints} checkpoints, the last that fits at entry {report.newest}: {fit}.",
    ]
    if stamps:
        waits = f" ({report.waiting_because})" if report.waiting_because else ""
        fits = f"{len(report.stamp_faults)} DO NOT HOLD" if report.stamp_faults else "all hold"
        if stamps.get("unchecked"):
            fits = "not checked, because timestamp_roots cannot be read"
        lines.append(
            f"{stamps.get('done', 0)} time-stamps: {fits}; {stamps.get('pending', 0)} waiting{waits}."
        )
    return lines


def _as_json(report: Report, key: str) -> dict[str, object]:
    return {
        "entries": report.entries,
        "broken": [{"sequence": b.sequence, "reason": b.reason} for b in report.broken],
        "root": base64.b64encode(report.root).decode() if report.root else None,
        "tree": report.tree,
        "checkpoints": {
            "count": report.checkpoints,
            "newest": report.newest,
            "wrong": report.checkpoint_faults,
        },
        "timestamps": {**report.stamps, "wrong": report.stamp_faults},
        "key": key,
    }


@audit.command("checkpoint")
@click.option(
    "--anew", is_flag=True, help="After a break was looked into: go on from what is there."
)
def audit_checkpoint(anew: bool) -> None:
    """Sign the trail as it is now and print the checkpoint, to be kept somewhere else.

    Example: casefile audit checkpoint > checkpoint.txt
    """
    from casefile import audit as trail
    from casefile.uow import UnitOfWork

    with UnitOfWork(open_newsroom(), None) as uow:
        note = trail.checkpoints.sign(uow, anew=anew)
    click.echo(note, nl=False)


@audit.command("export")
@click.argument("file", type=click.Path(path_type=Path))
def audit_export(file: Path) -> None:
    """Write the trail, its checkpoints and time-stamps into one new ZIP file, with a program to check it.

    What happened inside cases stays sealed. The export is an entry itself.

    Example: casefile audit export trail-2026.zip
    """
    from casefile.audit import exports

    done = exports.export(open_newsroom(), file)
    if done.unstamped:
        click.echo(f"The time-stamp is still missing: {done.unstamped}", err=True)
    click.echo(
        f"{done.entries} entries are in {file}.\n"
        f"To check it anywhere: unzip {file} verify_export.py && python3 verify_export.py {file}"
    )
    if done.broken:
        click.echo(f"The entries were written as they are. {done.broken}", err=True)
        sys.exit(WRONG)


@audit.command("prove")
@click.argument("entry", type=click.IntRange(min=1))
@click.option(
    "--output", type=click.Path(path_type=Path), help="A new file, instead of the screen."
)
def audit_prove(entry: int, output: Path | None) -> None:
    """Prove to somebody that an entry is in the trail: the entry, its path and the newest checkpoint.

    Example: casefile audit prove 117 --output entry-117.tlog-proof
    """
    from casefile.audit import exports

    resources = open_newsroom()
    if output is None:
        click.echo(exports.prove(resources, entry), nl=False)
        return
    with exports.new_file(output) as file:
        file.write(exports.prove(resources, entry).encode())
    click.echo(
        f"The proof is in {output}. The program that checks it: casefile audit script > "
        "verify_export.py",
    )


@audit.command("script")
def audit_script() -> None:
    """Print the program that checks exports and proofs without Casefile.

    Example: casefile audit script > verify_export.py
    """
    from casefile.audit import exports

    click.echo(exports.script(), nl=False)


@audit.command("timestamp")
def audit_timestamp() -> None:
    """Ask the time-stamping authority for every time-stamp that is waiting.

    Example: casefile audit timestamp
    """
    from casefile import audit as trail

    resources = open_newsroom()
    _need_authority(resources)
    came, missing = 0, ""
    for _size, reason in trail.stamps.work_off(resources, now=True):
        came, missing = came + (not reason), reason
    waiting = trail.stamps.counts(resources).get("pending", 0)
    if missing:
        click.echo(f"{missing} What waits stays in the queue.", err=True)
    click.echo(f"{came} time-stamps came, {waiting} are waiting.")
    sys.exit(WRONG if missing else 0)


def _need_authority(resources: Resources) -> None:
    from casefile.errors import ConfigError

    if not resources.settings.timestamp_url:
        msg = (
            "No time-stamping authority is configured. Set CASEFILE_TIMESTAMP_URL and "
            "CASEFILE_TIMESTAMP_ROOTS first."
        )
        raise ConfigError(msg)
