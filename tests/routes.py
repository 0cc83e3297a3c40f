"""Every address of the project, walked from the URLconf, so that no test can forget one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

# allauth's own pages: signing in and one's own second factors. They guard themselves.
THIRD_PARTY = ("allauth.",)


@dataclass(frozen=True)
class Route:
    name: str
    path: str
    view: Callable[..., Any]
    params: tuple[str, ...]

    @property
    def allows(self) -> frozenset[str] | None:
        return getattr(self.view, "allows", None)

    @property
    def is_ours(self) -> bool:
        return not self.view.__module__.startswith(THIRD_PARTY)

    @property
    def is_behind_a_link(self) -> bool:
        return self.path.startswith("l/")

    @property
    def is_staff(self) -> bool:
        return (
            self.is_ours and bool(self.allows) and not any(":" in who or who == "public" for who in self.allows or ())
        )

    def url(self, **arguments: Any) -> str:
        return reverse(self.name, kwargs={name: arguments[name] for name in self.params})


def walk(resolver: URLResolver | None = None, prefix: str = "", space: str = "") -> Iterator[Route]:
    resolver = resolver or get_resolver()
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern, path, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        elif isinstance(pattern, URLPattern):
            params = tuple(pattern.pattern.converters)
            yield Route(name=f"{space}{pattern.name}", path=path, view=pattern.callback, params=params)


def ours() -> list[Route]:
    return [route for route in walk() if route.is_ours]


def ids(route: Route) -> str:
    return route.name
