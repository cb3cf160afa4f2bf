"""Programs that Python applications start, or libraries that they load, by the packages that carry them."""

__all__ = ["RUNTIME_PROGRAMS"]

RUNTIME_PROGRAMS = frozenset(
    {
        "ffmpeg", "libav-tools", "poppler-utils", "tesseract", "tesseract-ocr", "ghostscript", "imagemagick",
        "graphviz", "libreoffice", "pandoc", "wkhtmltopdf", "chromium", "antiword", "unrtf", "libmagic1", "libmagic",
        "file-libs", "fontconfig", "fonts-dejavu", "fonts-liberation", "fonts-noto", "fonts-noto-cjk", "font-noto",
        "ttf-dejavu", "font-dejavu", "exiftool", "libimage-exiftool-perl", "sox", "espeak-ng", "libsndfile1",
        "mupdf-tools", "qpdf", "pdftk-java", "libpq", "libpq5", "ca-certificates", "tzdata",
    }
)  # fmt: skip
"""Names of Debian's and of Alpine's packages (packages of bookworm and of 3.20)."""
