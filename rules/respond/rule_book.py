"""The rules of a site as they are at a scope: those of its file, and the platform's own."""

from community.site.rules import GATEWAY_OFFLINE, INTERLOCK_OUTPUT_FAILED, Rule
from community.site.site import Site
from community.site.watching import Watching
from rules.detect.model import Transition
from rules.respond import grouping, interlock_outputs


class RuleBook:
    """Of one version of the site file."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._watching = Watching(site)

    def of(self, transition: Transition) -> Rule | None:
        """The rule of a transition, as it is at its scope."""
        return self.at(transition.rule, transition.scope)

    def at(self, name: str, scope: str) -> Rule | None:
        """The rule as it is at a scope; None: there is none any more."""
        if name == GATEWAY_OFFLINE:
            return grouping.offline_rule(self._site, scope)
        if name == INTERLOCK_OUTPUT_FAILED:
            return interlock_outputs.output_rule(self._site, scope)
        rule = self._watching.rules.get(name)
        return None if rule is None else self._watching.at(rule, scope)
