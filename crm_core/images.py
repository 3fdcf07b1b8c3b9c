"""Pictures: checked, turned upright, freed of metadata and made to fit; nothing else is done with them.

Every picture is written anew from its pixels, so that what is served holds no positions, no names and no second file.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, TYPE_CHECKING

from crm_core.errors import TooLarge, WrongType
from crm_core.i18n import N_

if TYPE_CHECKING:
    from PIL.Image import Image

TYPES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}
"""Accepted content types and the names Pillow has for them."""

MAX_PIXELS = 40_000_000
"""Pictures with more pixels are refused before they are unpacked (a small file may unpack to gigabytes)."""

_WRITTEN_AS = {"JPEG": ("JPEG", "image/jpeg"), "WEBP": ("WEBP", "image/webp")}


def fit(source: Path | IO[bytes], box: tuple[int, int]) -> tuple[bytes, str]:
    """Return a picture that fits into ``box`` (width, height in pixels) and its content type.

    A larger one is made smaller with its proportions kept; a smaller one keeps its size (CT-10). The orientation noted
    by a camera is applied. GIF becomes PNG (its first picture).

    Raises:
        WrongType: not a JPEG, PNG, GIF or WebP picture, or a damaged one.
        TooLarge: more than ``MAX_PIXELS`` pixels.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(source, formats=list(TYPES.values())) as opened:
            _refuse_bombs(opened)
            written, content_type = _WRITTEN_AS.get(opened.format or "", ("PNG", "image/png"))
            opened.draft("RGB", (box[0] * 2, box[1] * 2))
            upright = ImageOps.exif_transpose(opened)
            picture = _plain(upright, written)
    except Image.DecompressionBombError as exc:
        raise _too_many_pixels() from exc
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as exc:
        raise WrongType(N_("The picture can't be read; JPEG, PNG, GIF and WebP are accepted")) from exc
    picture.thumbnail(box, Image.Resampling.LANCZOS)
    return _encode(picture, written), content_type


def _refuse_bombs(picture: Image) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> TooLarge:
    message = N_("The picture has more than %(limit)s million pixels, the most that is accepted")
    return TooLarge(message, params={"limit": MAX_PIXELS // 1_000_000})


def _plain(picture: Image, written: str) -> Image:
    """Return the pixels in standard colours, without palette, profile or metadata."""
    has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    mode = "RGBA" if has_alpha and written != "JPEG" else "RGB"
    plain = _standard_colours(picture, mode) if picture.info.get("icc_profile") else None
    plain = plain or picture.convert(mode)
    plain.info.clear()
    return plain


def _standard_colours(picture: Image, mode: str) -> Image | None:
    """Return the picture in sRGB; ``None`` when its profile is of no use."""
    from PIL import ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
        base = picture if picture.mode in ("RGB", "RGBA", "CMYK", "L") else picture.convert(mode)
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(base, profile, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    if converted is not None and mode == "RGBA":
        converted.putalpha(picture.convert("RGBA").getchannel("A"))
    return converted


def _encode(picture: Image, written: str) -> bytes:
    target = io.BytesIO()
    options: dict[str, object] = {"optimize": True} if written == "PNG" else {"quality": 88}
    picture.save(target, written, **options)
    return target.getvalue()
