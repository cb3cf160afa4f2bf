"""What speaks to a graphics processor: shared by `gpu_libraries` and `gpu_builds`."""

import re

from lightship.analyze.rules.survey import Survey

__all__ = ["cuda_distributions", "frameworks", "is_for_gpu"]

_LIBRARY = re.compile(r"nvidia-.+|cuda-(?:python|bindings|pathfinder|toolkit)|triton|pytorch-triton.*|rocm-.+")
_FRAMEWORK = re.compile(
    r"torch(?!vision|audio).*|tensorflow.*|tf-nightly.*|jax|jaxlib|jax-cuda.*|cupy.*|onnxruntime-gpu|paddlepaddle-gpu"
    r"|mxnet.*|ctranslate2|faiss-gpu.*|vllm.*|llama-cpp-python|xgboost|lightgbm|catboost|cuml.*|cudf.*|rmm.*|numba-cuda"
    r"|tensorrt.*|pycuda|nvidia-dali.*|deepspeed|flashinfer.*|sglang.*|bitsandbytes|warp-lang|mlc-.*|exllamav2|spacy-.*"
)
_HINTS = ("NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "NVIDIA_REQUIRE_CUDA", "CUDA_VERSION", "CUDA_HOME",
          "ROCM_PATH", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")  # fmt: skip


def cuda_distributions(survey: Survey) -> set[int]:
    """Numbers of Python distributions that hold libraries of CUDA or ROCm, or compile for them."""
    return {number for number, package in survey.packages("python") if _LIBRARY.fullmatch(package.name)}


def frameworks(survey: Survey) -> list[str]:
    """Names of Python distributions that may use such libraries: known ones, and whoever requires one of them."""
    packages, libraries = survey.analysis.packages, cuda_distributions(survey)
    using = {packages[by].name for number in libraries for by in packages[number].required_by if by not in libraries}
    known = {package.name for _, package in survey.packages("python") if _FRAMEWORK.fullmatch(package.name)}
    return sorted(using | known)


def is_for_gpu(survey: Survey) -> bool:
    """Whether the image says that it runs beside a graphics processor: its variables, or CUDA in ``usr/local``.
    ``CUDA_VISIBLE_DEVICES`` set to nothing says that it does not."""
    if any(survey.environment.get(name, "").strip() not in ("", "void", "none", "-1") for name in _HINTS):
        return True
    return any(path.startswith(("usr/local/cuda", "opt/rocm")) for path in _top(survey))


def _top(survey: Survey) -> list[str]:
    children = survey.analysis.tree.children
    return [*children.get("usr/local", ()), *children.get("opt", ())]
