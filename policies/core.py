"""The rules that no pack can switch off: a way to reach the customer, a wall clock, the caller's bounds."""

from dataclasses import dataclass
from datetime import datetime

from policies.decision import Allow, Confidence, Reason, Refuse, RuleInfo, Verdict
from policies.rule import Case, Rule, Terms, defer, local


@dataclass(frozen=True, slots=True, eq=False)
class Reachable:
    terms: Terms

    def check(self, case: Case, at: datetime) -> Verdict | None:
        if case.facts.point is None:
            return Refuse(Reason("no_contact_point"))
        return None if case.facts.point.usable else Refuse(Reason("unusable_contact_point"))


@dataclass(frozen=True, slots=True, eq=False)
class ZoneKnown:
    """Without a zone there is no wall clock, and UTC is nobody's: a person decides."""

    terms: Terms

    def check(self, case: Case, at: datetime) -> Verdict | None:
        return None if case.zones else Refuse(Reason("no_time_zone"))


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """Not before the caller or the gateway has planned it, and not once the caller does not want it any more."""

    terms: Terms

    def check(self, case: Case, at: datetime) -> Verdict | None:
        starts, ends = case.facts.not_before, case.facts.expires_at
        if ends is not None and (at >= ends or (starts is not None and starts >= ends)):
            return Refuse(Reason("no_longer_wanted", local(ends, case.wall)))
        if starts is not None and at < starts:
            return defer(starts, case.wall, "best_moment_ahead" if case.facts.at_best_moment else "not_wanted_yet")
        return None if ends is None else Allow(Reason("wanted", local(ends, case.wall)), closes=ends)


@dataclass(frozen=True, slots=True, eq=False)
class Awaited:
    """Says why hours that spare what the customer waits for are not among the findings."""

    terms: Terms

    def check(self, case: Case, at: datetime) -> Verdict | None:
        return Allow(Reason("awaited")) if case.facts.evidence and case.facts.awaited else None


def core_rules(code: str, version: str) -> tuple[Rule, ...]:
    """They stand first in every rulebook, and say nothing while all is well."""
    return (
        Reachable(_terms("core.reachable", "There is a usable contact point", "有可用的联系方式", code, version)),
        ZoneKnown(_terms("core.time_zone", "The customer's time zone is known", "已知客户所在时区", code, version)),
        Wanted(_terms("core.wanted", "Within the time the caller wants it", "在请求方要求的时间内", code, version)),
        Awaited(_terms("core.awaited", "Whether the customer waits for it", "客户是否正在等待", code, version)),
    )


def horizon(code: str, version: str) -> RuleInfo:
    """What refuses when waiting would never end."""
    title = "There is a time at which every rule allows"
    return _terms("core.horizon", title, "存在各项规则均允许的时间", code, version).info


def _terms(rule: str, title: str, title_zh: str, code: str, version: str) -> Terms:
    return Terms(RuleInfo(rule, title, version, code, Confidence.HOUSE, title_zh=title_zh), kind="core")
