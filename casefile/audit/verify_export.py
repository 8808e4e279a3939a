"""Checks an exported audit trail (a ZIP file) or a proof of one entry, without Casefile.

Needs Python 3.9 or newer and nothing else for hashes: the chain, the RFC 6962 tree, every proof.
Signatures (Ed25519) and time-stamps (RFC 3161) are not in Python's library: openssl (3.0 or newer)
is asked when it is there, and it is said when it is not. Exit code: 0 all holds, 1 not, 2 misused.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

faults: list[str] = []
unchecked: set[str] = set()


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def entry_hash(e: dict[str, Any]) -> bytes:
    """Hash every field, each with its length before it; the hash of the entry before comes last."""
    ids = [(e[name] or "").replace("-", "") for name in ("actor_id", "case_id", "subject_id")]
    actor, case, subject = map(bytes.fromhex, ids)
    generation = b"" if e["generation"] is None else str(e["generation"]).encode()
    detail, before = base64.b64decode(e["detail"] or ""), bytes.fromhex(e["previous_hash"])
    parts = [b"casefile audit 1", str(e["sequence"]).encode(), e["at"].encode(), actor]
    parts += [e["action"].encode(), case, subject, generation, detail, before]
    return sha256(*(len(part).to_bytes(8, "big") + part for part in parts))


def ask_openssl(what: str, arguments: str, **contents: bytes) -> None:
    """Add a fault when openssl disagrees; {name} in an argument is a file with that content."""
    if not shutil.which("openssl"):
        unchecked.add("signatures and time-stamps: openssl is not installed here")
        return
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, name) for name in contents}
        for name, content in contents.items():
            paths[name].write_bytes(content)
        command = ["openssl", *(word.format(**paths) for word in arguments.split())]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            faults.append(f"the {what} does not hold")


def read_note(note: str, key: str) -> tuple[int, bytes]:
    """Return size and root of a checkpoint; its signature by the key (name+id+base64) is checked."""
    text, _, signatures = note.rpartition("\n\n")
    origin, size, root = text.split("\n")[:3]
    name, _id, encoded = key.split("+", 2)
    public = base64.b64decode(encoded)
    key_id = sha256(name.encode(), b"\n", public)[:4]
    lines = [line.split(" ") for line in signatures.splitlines()]
    blobs = [base64.b64decode(line[2]) for line in lines if line[:2] == ["\u2014", name]]
    blobs = [blob[4:] for blob in blobs if blob[:4] == key_id and origin == name]
    if not blobs:
        faults.append(f"checkpoint {size} does not carry the signature of {name}")
    der = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + public[1:]).decode()
    pem = f"-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n".encode()
    asked = "pkeyutl -verify -pubin -inkey {pem} -rawin -in {text} -sigfile {signature}"
    for blob in blobs[:1]:
        signed = {"pem": pem, "text": f"{text}\n".encode(), "signature": blob}
        ask_openssl(f"signature of checkpoint {size}", asked, **signed)
    return int(size), base64.b64decode(root)


def check_export(archive: zipfile.ZipFile, key: str, trusted: bytes) -> str:
    lines = archive.read("checkpoints.jsonl").decode().splitlines()
    notes = {kept["size"]: kept["note"] for kept in map(json.loads, lines)}
    heads = {size: read_note(note, key) for size, note in notes.items()}
    previous, count, right = bytes(32), 0, list[bytes]()
    for line in archive.open("entries.jsonl"):
        e = json.loads(line)
        said, index = bytes.fromhex(e["hash"]), count
        count += 1
        changed = entry_hash(e) != said or bytes.fromhex(e["previous_hash"]) != previous
        if changed or e["sequence"] != count:
            faults.append(f"entry {count} was changed, is missing or does not follow")
        previous, hashed = said, sha256(b"\0", said)
        while index & 1:
            hashed, index = sha256(b"\1", right.pop(), hashed), index >> 1
        right.append(hashed)
        for left in reversed(right[:-1]):
            hashed = sha256(b"\1", left, hashed)
        if heads.pop(count, (count, hashed)) != (count, hashed):
            faults.append(f"checkpoint {count} is not of these entries")
    if heads or count not in notes:
        faults.append("the entries do not end where the newest checkpoint does")
    stamps = [name for name in archive.namelist() if name.endswith(".tsr")]
    if stamps and not trusted:
        trusted = archive.read("stamps/trusted.pem")
    asked = "ts -verify -data {note} -in {answer} -CAfile {trusted} -untrusted {trusted}"
    for name in stamps:
        size = int(name[len("stamps/") : -len(".tsr")])
        stamped = {"note": notes[size].encode(), "answer": archive.read(name), "trusted": trusted}
        ask_openssl(f"time-stamp of checkpoint {size}", asked, **stamped)
    return f"{count} entries, {len(notes)} checkpoints, {len(stamps)} time-stamps"


def check_proof(text: str, key: str) -> str:
    head, _, note = text.partition("\n\n")
    lines = head.splitlines()
    e = json.loads(base64.b64decode(lines[1].partition("extra ")[2]))
    index, (size, root) = int(lines[2].partition("index ")[2]), read_note(note, key)
    hashed, place, last = sha256(b"\0", entry_hash(e)), index, size - 1
    for sibling in map(base64.b64decode, lines[3:]):
        left = place & 1 or place == last
        hashed = sha256(b"\1", sibling, hashed) if left else sha256(b"\1", hashed, sibling)
        while left and not place & 1 and place:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    if last or hashed != root or not 0 <= index < size or e["sequence"] != index + 1:
        faults.append(f"the entry is not in the tree of checkpoint {size}")
    return f"entry {index + 1} ({e['action']}, {e['at']}) under checkpoint {size}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", help="the newsroom's key (name+id+base64), as it was told to you")
    parser.add_argument("--trusted", type=Path, help="PEM certificates you trust for time-stamps")
    given = parser.parse_args()
    try:
        zipped = zipfile.ZipFile(given.file) if zipfile.is_zipfile(given.file) else None
        key = given.key or (zipped.read("key.txt").decode().strip() if zipped else "")
        if not key:
            parser.error("a proof is checked against a key: --key name+id+base64")
        trusted = given.trusted.read_bytes() if given.trusted else b""
        text = "" if zipped else given.file.read_text(encoding="utf-8")
        what = check_export(zipped, key, trusted) if zipped else check_proof(text, key)
    except (OSError, ValueError, KeyError, IndexError, TypeError, zipfile.BadZipFile) as error:
        sys.exit(f"{given.file} cannot be read as an export or a proof: {error!r}")
    shown = [f"WRONG: {line}" for line in faults] + [f"NOT CHECKED: {line}" for line in unchecked]
    shown.append(f"{what}: {'SOMETHING IS WRONG' if faults else 'the trail holds'}.")
    print("\n".join([*shown, f"Key: {key}{'' if given.key else ' (of the export: compare it)'}"]))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
