"""Builds for a graphics processor in an image for none.

What it does
============
Finds PyTorch with its ``nvidia-*`` wheels, ``onnxruntime-gpu``, ``faiss-gpu``, ``paddlepaddle-gpu`` and TensorFlow with
CUDA, in an image that nowhere says that it runs beside a graphics processor: no ``NVIDIA_VISIBLE_DEVICES``, no CUDA in
its base. The bytes are those of the libraries; the framework itself stays.

Why
===
On Linux the default wheel of PyTorch is the one for CUDA: 4 to 5 GB where the processor's build is 0.7. Where the image
does run on such machines, set ``NVIDIA_VISIBLE_DEVICES`` in it, which their runtime asks for anyway.

Bad
===
::

    FROM python:3.12-slim
    RUN pip install torch

Good
====
With PyTorch's own index for processors (``--index-url``, or ``[tool.uv.sources]``)::

    FROM python:3.12-slim
    RUN pip install --index-url "$PYTORCH_CPU_INDEX" torch

References
==========
pytorch.org, "Start Locally"; docs.astral.sh, "Using uv with PyTorch"; NVIDIA Container Toolkit, "Environment
variables".
"""

import re
from collections.abc import Iterator

from lightship.analyze.rules.gpu import cuda_distributions, frameworks, is_for_gpu
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import listed, tell
from lightship.findings import Finding

__all__ = ["RULE"]

_INSTEAD = {
    "torch": 'torch from PyTorch\'s index for processors (uv: [tool.uv.sources] torch = { index = "pytorch-cpu" })',
    "onnxruntime-gpu": "onnxruntime",
    "faiss-gpu": "faiss-cpu",
    "faiss-gpu-cu12": "faiss-cpu",
    "paddlepaddle-gpu": "paddlepaddle",
    "tensorflow": "tensorflow-cpu, or tensorflow without [and-cuda]",
    "xgboost": "xgboost-cpu",
}
_OWN = re.compile(r".*/lib(?:torch_cuda|c10_cuda|torch_cuda_linalg|onnxruntime_providers_(?:cuda|tensorrt))[^/]*\.so.*")


def _find(survey: Survey) -> Iterator[Finding]:
    if is_for_gpu(survey):
        return
    using = [name for name in frameworks(survey) if name in _INSTEAD]
    own = [path for name in using for path in survey.owned(survey.distributions[name]) if _OWN.fullmatch(path)]
    paths = [*survey.owned(sorted(cuda_distributions(survey))), *own]
    if not using or not paths:
        return
    fix = (
        f"install {listed([_INSTEAD[name] for name in using])}; or say that it is meant: ENV NVIDIA_VISIBLE_DEVICES=all"
    )
    yield from tell(RULE, survey, paths, f"libraries for a graphics processor, for {listed(using)},", fix)


RULE = Rule(
    code="gpu-builds",
    severity="warning",
    safety="traced",
    title="builds for a graphics processor in an image for none",
    find=_find,
    doc=__doc__,
)
