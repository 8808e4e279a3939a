"""Checks an unpacked evidence bag without Casefile: every file, and what the newsroom's trail says of them.

Needs Python 3.9 or newer and verify_export.py, which lies beside it. Signatures and time-stamps are
checked by openssl (3.0 or newer) when it is there, and it is said when it is not.
Exit code: 0 all holds, 1 not, 2 misused.
"""

from __future__ import annotations

import argparse
import base64
import functools
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True  # the bag stays as it is

import verify_export as trail  # type: ignore[import-not-found]  # noqa: E402

DECLARED = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
CUSTODY = "data/custody"
HASHES = ("sha256", "sha512")
BLOCK = 1 << 20


def wrong(what: str) -> None:
    trail.faults.append(what)


def read_manifest(bag: Path, name: str) -> dict[str, str]:
    """Return path and hash of each line (RFC 8493, 2.1.3); a path that leaves the bag is a fault."""
    found = {}
    for line in (bag / name).read_text(encoding="utf-8").split("\n"):
        if not line.strip():
            continue
        said, _, path = line.partition(" ")
        path = path.lstrip(" *").replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        parts = path.split("/")
        if path in found or not path or ".." in parts or path.startswith(("/", "~")):
            wrong(f"{name}: {path!r} stands there twice or leads out of the bag")
            continue
        found[path] = said.lower()
    return found


@functools.cache
def hashes(path: Path) -> dict[str, str]:
    made = {name: hashlib.new(name) for name in HASHES}
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            for hashed in made.values():
                hashed.update(block)
    return {name: hashed.hexdigest() for name, hashed in made.items()}


def check_files(bag: Path) -> str:
    """Hold every file against every manifest, and the folder against what should be in it."""
    if (bag / "bagit.txt").read_text(encoding="utf-8") != DECLARED:
        wrong("bagit.txt does not declare a bag of version 1.0")
    there = {path.relative_to(bag).as_posix() for path in bag.rglob("*") if not path.is_dir()}
    payload = {path for path in there if path.startswith("data/")}
    tags = {path for path in there - payload if not path.startswith("tagmanifest-")}
    for start, held in (("manifest", payload), ("tagmanifest", tags)):
        for name in HASHES:
            listed = read_manifest(bag, f"{start}-{name}.txt")
            for path in sorted(set(listed) | held):
                if path not in there:
                    wrong(f"{path!r} is missing")
                elif path not in listed:
                    wrong(f"{path!r} stands in no {start}-{name}.txt")
                elif hashes(bag / path)[name] != listed[path]:
                    wrong(f"{path!r} was changed ({name})")
    octets = sum((bag / path).stat().st_size for path in payload)
    info = (bag / "bag-info.txt").read_text(encoding="utf-8").splitlines()
    if f"Payload-Oxum: {octets}.{len(payload)}" not in info:
        wrong("the payload is not as long as bag-info.txt says")
    return f"{len(payload)} files, {octets} bytes"


def proof_of(line: dict[str, Any], note: str) -> str:
    """Write a line of proofs.jsonl as the proof that verify_export.py reads (c2sp.org/tlog-proof)."""
    extra = base64.b64encode(json.dumps(line["entry"], ensure_ascii=False).encode()).decode()
    index = line["entry"]["sequence"] - 1
    head = ["c2sp.org/tlog-proof@v1", f"extra {extra}", f"index {index}", *line["path"]]
    return "\n".join([*head, "", note])


def check_trail(bag: Path, key: str, trusted: bytes) -> str:
    custody = bag / CUSTODY
    lines = [json.loads(text) for text in _lines(custody / "checkpoints.jsonl")]
    notes = {line["size"]: line["note"] for line in lines}
    items = [json.loads(text) for text in _lines(custody / "evidence.jsonl")]
    added: dict[str, int] = {}
    count = 0
    for line in map(json.loads, _lines(custody / "proofs.jsonl")):
        entry, count = line["entry"], count + 1
        if line["path"] is None:
            wrong(f"entry {entry['sequence']} has no proof: the newsroom's trail has a hole there")
            continue
        trail.check_proof(proof_of(line, notes[line["checkpoint"]]), key)
        if entry["action"] == "evidence.added":
            added[entry["subject_id"]] = entry["sequence"]
    for item in items:
        if item["id"] not in added:
            wrong(f"no entry of the trail tells of {item['number']} being put on record")
        if not (bag / item["file"]).is_file():
            wrong(f"{item['number']} is missing")
        elif hashes(bag / item["file"])["sha256"] != item["sha256"]:
            wrong(f"{item['number']} is not the file that was put on record")
    own = (custody / "export.tlog-proof").read_text(encoding="utf-8")
    trail.check_proof(own, key)
    entry = json.loads(base64.b64decode(own.split("\n")[1].partition("extra ")[2]))
    detail = json.loads(base64.b64decode(entry["detail"]))
    if detail != {"evidence.jsonl": hashes(custody / "evidence.jsonl")["sha256"]}:
        wrong("the list of evidence is not the one that the newsroom's trail vouches for")
    return f"{count} entries of custody, {check_stamps(custody, notes, trusted)} time-stamps"


def check_stamps(custody: Path, notes: dict[int, str], trusted: bytes) -> int:
    answers = sorted((custody / "stamps").glob("*.tsr"))
    kept = custody / "stamps" / "trusted.pem"
    trusted = trusted or (kept.read_bytes() if kept.exists() else b"")
    asked = "ts -verify -data {note} -in {answer} -CAfile {trusted} -untrusted {trusted}"
    for path in answers:
        note = notes[int(path.stem)].encode()
        given = {"note": note, "answer": path.read_bytes(), "trusted": trusted}
        trail.ask_openssl(f"time-stamp of checkpoint {path.stem}", asked, **given)
    return len(answers)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("bag", type=Path, nargs="?", default=Path(__file__).parent)
    parser.add_argument("--key", help="the newsroom's key (name+id+base64), as it was told to you")
    parser.add_argument("--trusted", type=Path, help="PEM certificates you trust for time-stamps")
    given = parser.parse_args()
    trail.read_note = functools.cache(trail.read_note)
    try:
        told = [check_files(given.bag)]
        own = given.bag / CUSTODY / "key.txt"
        key = given.key or (own.read_text(encoding="utf-8").strip() if own.exists() else "")
        trusted = given.trusted.read_bytes() if given.trusted else b""
        if own.exists():
            told.append(check_trail(given.bag, key, trusted))
        else:
            trail.unchecked.add(
                "the trail: the newsroom could not prove its entries (see README.txt)"
            )
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        sys.exit(f"{given.bag} cannot be read as a bag: {error!r}")
    shown = [f"WRONG: {line}" for line in trail.faults]
    shown += [f"NOT CHECKED: {line}" for line in sorted(trail.unchecked)]
    shown.append(f"{', '.join(told)}: {'SOMETHING IS WRONG' if trail.faults else 'the bag holds'}.")
    if key:
        shown.append(f"Key: {key}{'' if given.key else ' (of the bag: compare it)'}")
    print("\n".join(shown))
    sys.exit(1 if trail.faults else 0)


if __name__ == "__main__":
    main()
