"""Where sealed files lie, a folder or a bucket, and how an upload is sealed on its way there."""

from casefile.vault.objects import ObjectWriter, Vault
from casefile.vault.upload import SealedUpload, open_sealed

__all__ = ["ObjectWriter", "SealedUpload", "Vault", "open_sealed"]
