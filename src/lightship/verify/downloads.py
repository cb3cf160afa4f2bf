"""Downloads that AI applications are known to make at run time, and how to do without.

Names of hosts and of variables are from each project's own documentation, read 2026-11.
"""

import fnmatch
from dataclasses import dataclass

__all__ = ["KNOWN", "Download", "known_download"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """``hosts`` are patterns; ``packages`` distributions whose code asks, where the host alone says too little."""

    what: str
    hosts: tuple[str, ...]
    fix: str
    packages: tuple[str, ...] = ()


KNOWN: tuple[Download, ...] = (
    Download(
        what="NLTK data",
        hosts=("raw.githubusercontent.com", "s3.amazonaws.com"),
        packages=("nltk", "unstructured", "llama-index-core"),
        fix="put the data into the image (python -m nltk.downloader -d DIR NAME) and set NLTK_DATA=DIR",
    ),
    Download(
        what="tokenizer files of tiktoken",
        hosts=("openaipublic.blob.core.windows.net",),
        fix="put the files into the image and set TIKTOKEN_CACHE_DIR to their folder",
    ),
    Download(
        what="a model or tokenizer of the Hugging Face hub",
        hosts=("huggingface.co", "*.huggingface.co", "hf.co", "*.hf.co", "hf-mirror.com"),
        fix="put it into the image below HF_HOME and set HF_HUB_OFFLINE=1",
    ),
    Download(
        what="a spaCy model",
        hosts=("github.com", "objects.githubusercontent.com"),
        packages=("spacy",),
        fix="lock the model as a package",
    ),
    Download(
        what="a model of ONNX Runtime, PaddleOCR or ModelScope",
        hosts=("paddleocr.bj.bcebos.com", "*.modelscope.cn", "modelscope.cn", "chroma-onnx-models.s3.amazonaws.com"),
        fix="put the model into the image, in the folder where the package looks first",
    ),
    Download(
        what="weights of PyTorch",
        hosts=("download.pytorch.org", "s3.amazonaws.com"),
        packages=("torch", "torchvision"),
        fix="put them into the image below TORCH_HOME",
    ),
    Download(
        what="a browser of Playwright",
        hosts=("playwright.azureedge.net", "cdn.playwright.dev"),
        fix="install it while the image is built and set PLAYWRIGHT_BROWSERS_PATH",
    ),
    Download(
        what="the price and model table of LiteLLM",
        hosts=("raw.githubusercontent.com",),
        packages=("litellm",),
        fix="set LITELLM_LOCAL_MODEL_COST_MAP=True",
    ),
    Download(
        what="plugins",
        hosts=("marketplace.*", "plugins.*"),
        fix="put them into the image, or point the application at your own mirror",
    ),
    Download(
        what="packages, installed at run time",
        hosts=("*",),
        packages=("pip", "uv"),
        fix="lock them with the others",
    ),
    Download(
        what="a cloud's instance metadata",
        hosts=("169.254.169.254", "metadata.google.internal", "169.254.170.2"),
        fix="give credentials, or set AWS_EC2_METADATA_DISABLED=true or NO_GCE_CHECK=true",
    ),
    Download(
        what="telemetry",
        hosts=("*.posthog.com", "*.sentry.io", "api.segment.io", "api.wandb.ai", "*.scarf.sh", "api.amplitude.com"),
        fix="turn it off: DO_NOT_TRACK=1, ANONYMIZED_TELEMETRY=False or the package's own switch",
    ),
)
"""The first that fits counts."""


def known_download(host: str, packages: tuple[str, ...]) -> Download | None:
    """What is asked of ``host`` by code of the distributions ``packages``; None: nothing known."""
    for one in KNOWN:
        by_host = any(fnmatch.fnmatchcase(host.lower(), pattern) for pattern in one.hosts)
        if by_host and (not one.packages or set(one.packages) & set(packages)):
            return one
    return None
