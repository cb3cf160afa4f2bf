"""Rules about Dockerfiles, one per file, each with its page."""

from lightship.lint.rule import Rule
from lightship.lint.rules import (
    bad_ignore,
    chown_after_copy,
    compilers_shipped,
    dev_packages_shipped,
    downloaders_shipped,
    fonts_shipped,
    libc_mismatch,
    many_layers,
    missing_copy_source,
    modules_not_on_path,
    no_dockerignore,
    node_shipped,
    package_cache_kept,
    pinned_packages,
    piped_download,
    recommended_packages,
    removed_later,
    shell_form_entrypoint,
    sources_before_dependencies,
    unfrozen_install,
    update_alone,
    virtual_runtime_tools,
)

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = (
    chown_after_copy.RULE,
    removed_later.RULE,
    package_cache_kept.RULE,
    update_alone.RULE,
    many_layers.RULE,
    sources_before_dependencies.RULE,
    unfrozen_install.RULE,
    compilers_shipped.RULE,
    dev_packages_shipped.RULE,
    downloaders_shipped.RULE,
    node_shipped.RULE,
    fonts_shipped.RULE,
    recommended_packages.RULE,
    pinned_packages.RULE,
    virtual_runtime_tools.RULE,
    missing_copy_source.RULE,
    libc_mismatch.RULE,
    modules_not_on_path.RULE,
    shell_form_entrypoint.RULE,
    piped_download.RULE,
    no_dockerignore.RULE,
    bad_ignore.RULE,
)
"""In the order of the reference page, family by family. Codes are never reused."""
