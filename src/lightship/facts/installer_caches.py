"""Where installers keep what they fetched, for root.

pip 25, "Caching"; uv 0.8, "Caching"; Poetry 2.1, "cache-dir"; PDM 2.22, "cache_dir"; npm 11, "cache"; pnpm 10,
"store-dir"; yarn 1.22, "yarn cache"; bun 1.2, "Global cache" (read November 2026).
"""

__all__ = ["INSTALLER_CACHES"]

INSTALLER_CACHES = {
    "pip": "/root/.cache/pip",
    "uv": "/root/.cache/uv",
    "poetry": "/root/.cache/pypoetry",
    "pdm": "/root/.cache/pdm",
    "npm": "/root/.npm",
    "pnpm": "/root/.local/share/pnpm/store",
    "yarn": "/usr/local/share/.cache/yarn",
    "bun": "/root/.bun/install/cache",
}
