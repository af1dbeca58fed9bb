"""Links by label to statements: ``[Proposition 5.4](#prop-swing)``, with the number that the statement has.

A plain viewer shows the words between the brackets. On the page a kind and a number come from the label, as an
equation's do: a statement that has got another number is never called by the old one. Other words stay as they are.
sphinx-proof answers to its own role only; to MyST, which asks what a label names, it says nothing.
"""

import re

from docutils import nodes
from sphinx_proof.domain import ProofDomain

import l0lib

NUMBERED = re.compile(r"[A-Z][a-z]+ \d[\d.]*")


class LinkedProofDomain(ProofDomain):
    """The domain of statements, which any link by label finds."""

    def resolve_any_xref(self, env, fromdocname, builder, target, node, contnode):
        """Return the link to a statement; nothing for a label of something else."""
        if target not in getattr(env, "proof_list", {}):
            return []
        asked = node.copy()
        asked["refdomain"] = self.name
        words = node.astext()
        if NUMBERED.fullmatch(words):
            words = target  # which sphinx-proof replaces by kind and number
        link = self.resolve_xref(env, fromdocname, builder, "ref", target, asked, nodes.inline(words, words))
        return [("prf:ref", link)]


def setup(app):
    app.setup_extension("sphinx_proof")
    app.add_domain(LinkedProofDomain, override=True)
    return {"version": l0lib.__version__, "parallel_read_safe": True, "parallel_write_safe": True}
