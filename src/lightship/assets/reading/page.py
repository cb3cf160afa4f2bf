"""What a page leads a browser to: scripts, styles, pictures, links, what is preloaded, and what its own styles and
scripts say. SVG is read alike."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lightship.assets.reading.css import css_references
from lightship.assets.reading.javascript import javascript_references
from lightship.assets.reading.json_text import json_strings
from lightship.assets.reading.markup import Attribute, Tag, tags
from lightship.assets.reading.reference import Kind, Reference, kind_of, tidy

__all__ = ["Policy", "html_references", "policies"]

_LINKS: dict[str, Kind] = {
    "stylesheet": "style",
    "icon": "image",
    "apple-touch-icon": "image",
    "apple-touch-icon-precomposed": "image",
    "mask-icon": "image",
    "manifest": "manifest",
    "modulepreload": "script",
}
_AS: dict[str, Kind] = {
    "script": "script",
    "style": "style",
    "font": "font",
    "image": "image",
    "audio": "media",
    "video": "media",
    "track": "media",
    "worker": "worker",
    "document": "page",
    "fetch": "fetch",
}
_SOURCES: dict[tuple[str, str], Kind] = {
    ("img", "src"): "image",
    ("input", "src"): "image",
    ("video", "poster"): "image",
    ("video", "src"): "media",
    ("audio", "src"): "media",
    ("track", "src"): "media",
    ("iframe", "src"): "page",
    ("frame", "src"): "page",
    ("a", "href"): "page",
    ("area", "href"): "page",
    ("form", "action"): "page",
    ("object", "data"): "other",
    ("embed", "src"): "other",
    ("body", "background"): "image",
    ("image", "href"): "image",
    ("image", "xlink:href"): "image",
    ("feimage", "href"): "image",
    ("use", "href"): "image",
    ("use", "xlink:href"): "image",
}
_META_IMAGES = frozenset(
    ("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "msapplication-tileimage")
)
_REFRESH = re.compile(r"\s*[\d.]*\s*[;,]\s*(?:url\s*=\s*)?[\"']?([^\"']+)", re.IGNORECASE)
_CANDIDATE = re.compile(r"[\s,]*+([^\s,](?:\S*[^\s,])?)(?:,|\s+(?:[^,(]|\([^)]*+\))*+(?:,|$)|$|(?=\s))")
_SCRIPT_TYPES = re.compile(r"(?:|module|(?:text|application)/(?:x-)?(?:java|ecma)script)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A Content-Security-Policy that a page says of itself (https://www.w3.org/TR/CSP3/, 2025-10)."""

    text: str
    begin: int
    end: int


def html_references(content: bytes) -> Iterator[Reference]:
    """In their order, but attributes of a tag by kind. Where the page has a ``base``, relative targets are resolved
    against that, those of module scripts within it as well."""
    base = ""
    for tag in tags(content):
        if tag.name == "base" and not base and "href" in tag.attributes:
            base = tidy(tag.get("href")) or ""
            yield from _from(tag.attributes["href"], "other", "base[href]")
            continue
        for reference in _of(tag, content):
            yield replace(reference, base=base) if base and not reference.base else reference


def policies(content: bytes) -> tuple[Policy, ...]:
    """What ``<meta http-equiv=Content-Security-Policy>`` says."""
    found = (
        tag.attributes["content"]
        for tag in tags(content)
        if tag.name == "meta"
        and tag.get("http-equiv").strip().lower() == "content-security-policy"
        and "content" in tag.attributes
    )
    return tuple(Policy(text=each.text, begin=each.begin, end=each.end) for each in found)


def _of(tag: Tag, content: bytes) -> Iterator[Reference]:
    match tag.name:
        case "script":
            yield from _script(tag, content)
        case "style":
            yield from css_references(content, tag.begin, tag.end)
        case "link":
            yield from _link(tag)
        case "meta":
            yield from _meta(tag)
        case "img" | "source":
            yield from _srcset(tag, "srcset")
            if tag.name == "source" and "src" in tag.attributes:
                yield from _from(tag.attributes["src"], "media", "source[src]", tag)
    for name, attribute in tag.attributes.items():
        kind = _SOURCES.get((tag.name, name))
        if kind is not None:
            found = kind_of(attribute.text) if kind == "other" else None
            cors = tag if kind in ("image", "media") else None
            yield from _from(attribute, found or kind, f"{tag.name}[{name}]", cors)
    if "style" in tag.attributes:
        yield from _inline_style(tag.attributes["style"], content)


def _script(tag: Tag, content: bytes) -> Iterator[Reference]:
    kind = tag.get("type").strip().lower()
    module = kind == "module"
    for name in ("src", "href", "xlink:href"):
        if name in tag.attributes:
            for found in _from(tag.attributes[name], "script", f"script[{name}]", tag):
                yield replace(found, crossorigin=found.crossorigin or module)
    if kind == "importmap":
        for string in json_strings(content, tag.begin, tag.end):
            target = tidy(string.text)
            if not string.is_key and string.path[0] in ("imports", "scopes") and target is not None:
                yield Reference(
                    target=target, kind="script", begin=string.begin, end=string.end, crossorigin=True, via="importmap"
                )
    elif _SCRIPT_TYPES.fullmatch(kind):
        yield from javascript_references(content, tag.begin, tag.end)


def _link(tag: Tag) -> Iterator[Reference]:
    if "imagesrcset" in tag.attributes:
        yield from _srcset(tag, "imagesrcset")
    if "href" not in tag.attributes:
        return
    words = tag.get("rel").lower().split()
    rel = next((word for word in words if word in _LINKS or word in ("preload", "prefetch", "prerender")), "")
    kind: Kind
    if rel in _LINKS:
        kind = _LINKS[rel]
    elif rel:
        kind = _AS.get(tag.get("as").strip().lower()) or kind_of(tag.get("href")) or "preload"
    else:
        kind = "page" if {"alternate", "canonical", "next", "prev"} & set(words) else "other"
    for found in _from(tag.attributes["href"], kind, f"link[rel={rel or ' '.join(words)}]", tag):
        cors = found.crossorigin and (rel != "manifest" or "use-credentials" in tag.get("crossorigin").lower())
        yield replace(found, crossorigin=cors or rel == "modulepreload")


def _meta(tag: Tag) -> Iterator[Reference]:
    content = tag.attributes.get("content")
    if content is None:
        return
    if tag.get("http-equiv").strip().lower() == "refresh":
        found = _REFRESH.match(content.text)
        target = tidy(found[1]) if found else None
        if target is not None:
            yield Reference(target=target, kind="page", begin=content.begin, end=content.end, via="meta[refresh]")
    elif (tag.get("property") or tag.get("name")).lower() in _META_IMAGES:
        yield from (replace(each, certain=False) for each in _from(content, "image", "meta[image]"))


def _from(attribute: Attribute, kind: Kind, via: str, tag: Tag | None = None) -> Iterator[Reference]:
    target = tidy(attribute.text)
    if target is not None:
        yield Reference(
            target=target,
            kind=kind,
            begin=attribute.begin,
            end=attribute.end,
            crossorigin=tag is not None and "crossorigin" in tag.attributes,
            integrity=tag.get("integrity").strip() if tag is not None else "",
            via=via,
        )


def _srcset(tag: Tag, name: str) -> Iterator[Reference]:
    """https://html.spec.whatwg.org/multipage/images.html#parsing-a-srcset-attribute (2026-10)."""
    attribute = tag.attributes.get(name)
    if attribute is None:
        return
    exact = len(attribute.text) == attribute.end - attribute.begin and attribute.text.isascii()
    at = 0
    while (found := _CANDIDATE.match(attribute.text, at)) is not None and found.end() > at:
        at = found.end()
        target = tidy(found[1])
        if target is not None:
            begin, end = found.span(1) if exact else (0, attribute.end - attribute.begin)
            yield Reference(
                target=target,
                kind="image",
                begin=attribute.begin + begin,
                end=attribute.begin + end,
                crossorigin="crossorigin" in tag.attributes,
                via=f"{tag.name}[{name}]",
            )


def _inline_style(attribute: Attribute, content: bytes) -> Iterator[Reference]:
    if b"&" not in content[attribute.begin : attribute.end]:
        yield from css_references(content, attribute.begin, attribute.end)
        return
    for found in css_references(attribute.text.encode("utf-8", "replace")):
        yield replace(found, begin=attribute.begin, end=attribute.end)
