"""A vault in an S3 bucket. The only module that imports `obstore`."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from datetime import timedelta
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Final, Self

import obstore
from obstore.exceptions import BaseError as StoreError
from obstore.store import S3Store

from casefile.errors import ConfigError
from casefile.vault.objects import NAME, STALE_SECONDS, Vault, checked, reading, storing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from obstore.store import ObjectStore

# Twice this is what an upload holds in memory.
_PART_BYTES: Final = 8 * 1024 * 1024
# A person waits for the answer: give up sooner than the three minutes that are usual.
_RETRY_SECONDS: Final = 30


class BucketVault(Vault):
    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def at(cls, url: str) -> Self:
        try:
            store = S3Store.from_url(
                url,
                retry_config={
                    "max_retries": 3,
                    "retry_timeout": timedelta(seconds=_RETRY_SECONDS),
                },
            )
        except StoreError:
            msg = "The address of the object store is wrong. Write s3://bucket/prefix."
            raise ConfigError(msg) from None
        return cls(store)

    def writer(self, name: str) -> BucketWriter:
        return BucketWriter(self._store, checked(name))

    def size(self, name: str) -> int:
        with reading(StoreError):
            return obstore.head(self._store, checked(name))["size"]

    def read(self, name: str, start: int, stop: int) -> bytes:
        if start >= stop:
            return b""
        with reading(StoreError):
            return obstore.get_range(self._store, checked(name), start=start, end=stop).to_bytes()

    def delete(self, name: str) -> None:
        with storing(StoreError), suppress(FileNotFoundError):
            obstore.delete(self._store, checked(name))

    def names(self) -> Iterator[tuple[str, int, datetime]]:
        with storing(StoreError):
            for found in obstore.list(self._store, chunk_size=1000):
                for each in found:
                    if NAME.fullmatch(each["path"]):
                        yield each["path"], each["size"], each["last_modified"]

    def sweep_staging(self, older_than: float = STALE_SECONDS) -> int:  # noqa: ARG002
        """Do nothing: a bucket hides unfinished uploads. Give it a rule that ends them."""
        return 0


class BucketWriter:
    """Sends parts as they fill up. A bucket shows an object only when its upload is complete.

    The upload runs in a thread that pulls the pieces: only when that pull fails does obstore tell
    the bucket to forget the parts. Its own writer, let go of, would leave them there, unseen.
    """

    def __init__(self, store: ObjectStore, name: str) -> None:
        self._store = store
        self._name = name
        self._pieces: Queue[bytes | None] = Queue(1)
        self._given_up = False
        self._failure: BaseException | None = None
        self._thread: Thread | None = Thread(target=self._run, name="bucket-upload", daemon=True)
        self._thread.start()

    def write(self, sealed: bytes) -> None:
        if self._thread is not None and sealed:
            self._pieces.put(sealed)
        self._raise()

    def commit(self) -> None:
        if self._thread is None:
            return
        try:
            with storing(StoreError):
                self._refuse_a_taken_name()
        except BaseException:
            self.abort()
            raise
        self._end()
        self._raise()

    def abort(self) -> None:
        self._given_up = True
        self._end()

    def _refuse_a_taken_name(self) -> None:
        # Not every bucket can check this while it writes, and the names are random.
        try:
            obstore.head(self._store, self._name)
        except FileNotFoundError:
            return
        raise FileExistsError

    def _end(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._pieces.put(None)
            thread.join()

    def _raise(self) -> None:
        if self._failure is not None:
            self._end()
            with storing(StoreError):
                raise self._failure

    def _run(self) -> None:
        pieces = iter(self._pieces.get, None)
        try:
            obstore.put(
                self._store,
                self._name,
                self._unless_given_up(pieces),
                use_multipart=True,
                chunk_size=_PART_BYTES,
                max_concurrency=1,
            )
        except BaseException as error:  # noqa: BLE001 - raised again in the request
            self._failure = None if self._given_up else error
            # Go on taking pieces, so that the request never waits for this thread.
            deque(pieces, maxlen=0)

    def _unless_given_up(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        yield from pieces
        if self._given_up:
            raise InterruptedError
