"""Dependencies in the order in which they run, and the flat arguments that they and the handler share.

Running them is the work of `_runtime/run.py`; nothing here calls one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from django_bolt._plan.annotation import is_hashable, peel, spell
from django_bolt._plan.errors import PlanError, about
from django_bolt._plan.kind import CallKind, call_kind
from django_bolt._plan.signature import Factory, Parameter, read_parameters
from django_bolt._plan.slot import BodyPart, Slot
from django_bolt._plan.source import origin
from django_bolt.dependencies import Dependency


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One call: a dependency's or the handler's.

    `inputs` are indexes into one list of values: first the flat arguments, then the result of each step in order.
    """

    call: Callable[..., Any]
    kind: CallKind
    inputs: tuple[int, ...]
    keywords: tuple[str, ...]
    """Names of the last inputs, which are passed by keyword."""
    use_cache: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """What runs for a request instead of the handler alone."""

    steps: tuple[Step, ...]
    """Dependencies, each after those that it needs."""
    handler: Step
    factories: dict[int, Factory]
    """Flat arguments whose default is made anew for each request: where the value is the factory itself."""


@dataclass(frozen=True, slots=True)
class Result:
    """An input that is the result of a step."""

    step: int


@dataclass(kw_only=True)
class Draft:
    """One call while the graph is read: its inputs are positions in `flat`, or results."""

    call: Callable[..., Any]
    use_cache: bool
    inputs: list[int | Result] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)


class Reader:
    """Walks a handler and its dependencies, once, depth first.

    `flat` is what Rust has to bring; a dependency that several ask for is one draft unless one of them opts out.
    """

    def __init__(self, *, method: str, segments: Collection[str]) -> None:
        self.method = method
        self.segments = segments
        self.flat: list[Slot | BodyPart] = []
        self.drafts: list[Draft] = []
        self._cached: dict[Any, int] = {}
        self._open: list[Callable[..., Any]] = []

    def read(self, handler: Callable[..., Any]) -> Draft:
        """Read a handler with everything below it; raises `PlanError`."""
        # Without dependencies Rust calls the handler itself, which then needs one argument for each parameter.
        parameters = read_parameters(handler)
        share = any(isinstance(parameter.marker, Dependency) for parameter in parameters)
        return self._draft(handler, parameters, use_cache=True, share=share)

    def graph(self, handler: Draft) -> Graph | None:
        """Return what was read as steps, `None` where the handler alone will do."""
        factories = {index: slot.default for index, slot in enumerate(self.flat) if isinstance(slot.default, Factory)}
        if not self.drafts and not factories:
            return None
        return Graph(
            steps=tuple(self._step(draft) for draft in self.drafts), handler=self._step(handler), factories=factories
        )

    def _step(self, draft: Draft) -> Step:
        inputs = (len(self.flat) + item.step if isinstance(item, Result) else item for item in draft.inputs)
        return Step(
            call=draft.call,
            kind=call_kind(draft.call),
            inputs=tuple(inputs),
            keywords=tuple(draft.keywords),
            use_cache=draft.use_cache,
        )

    def _draft(self, call: Any, parameters: list[Parameter], *, use_cache: bool, share: bool = True) -> Draft:
        draft = Draft(call=call, use_cache=use_cache)
        for parameter in parameters:
            with about(f"parameter {parameter.name!r}"):
                found = origin(parameter, method=self.method, segments=self.segments)
            if isinstance(found, Dependency):
                draft.inputs.append(self._dependency(found, parameter))
            else:
                draft.inputs.append(self._place(found, share=share))
            if parameter.keyword_only:
                draft.keywords.append(parameter.name)
        return draft

    def _place(self, found: Slot | BodyPart, *, share: bool) -> int:
        """Return the index of a flat argument, an equal one's where arguments may be shared."""
        for index, other in enumerate(self.flat if share else ()):
            if found.same(other):
                return index
        self.flat.append(found)
        return len(self.flat) - 1

    def _dependency(self, dependency: Dependency, parameter: Parameter) -> Result:
        call = dependency.call if dependency.call is not None else peel(parameter.annotation)[0]
        with about(f"parameter {parameter.name!r}"):
            _check_callable(call, dependency)
            if call in self._open:
                chain = " -> ".join(map(spell_call, [*self._open[self._open.index(call) :], call]))
                raise PlanError(f"the dependencies go round in a circle, {chain}; one of them must do without the next")
        key = call if is_hashable(call) else id(call)
        if dependency.use_cache and key in self._cached:
            return Result(self._cached[key])
        self._open.append(call)
        with about(f"dependency {spell_call(call)}"):
            draft = self._draft(call, read_parameters(call), use_cache=dependency.use_cache)
        self._open.pop()
        self.drafts.append(draft)
        result = Result(len(self.drafts) - 1)
        if dependency.use_cache:
            self._cached[key] = result.step
        return result


def _check_callable(call: Any, dependency: Dependency) -> None:
    if callable(call) and call is not Any:
        return
    if dependency.call is None:
        raise PlanError(f"has Depends() and the annotation {spell(call)}; name a class there, or write Depends(get_it)")
    raise PlanError(f"has Depends({call!r}), expected something to call: drop the parentheses after its name")


def spell_call(call: Any) -> str:
    """Return the name of a callable without its module."""
    name = getattr(call, "__qualname__", None) or type(call).__qualname__
    return name.rpartition("<locals>.")[2]
