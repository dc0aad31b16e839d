"""Links from every `Name` in the text to its page, so that the Markdown itself stays plain."""

from docutils import nodes
from reference_pages import pages
from sphinx.addnodes import pending_xref
from sphinx.transforms.post_transforms import SphinxPostTransform

TARGETS = {dotted.split(".")[-1]: dotted for names in pages().values() for dotted in names}
MODULES = set(pages())


class NameLinks(SphinxPostTransform):
    """Wrap code that is exactly a public name, outside headings, links and the reference."""

    default_priority = 5  # before links are resolved

    def run(self, **kwargs) -> None:
        if self.env.docname.startswith("reference/"):
            return
        for literal in list(self.document.findall(nodes.literal)):
            target = TARGETS.get(literal.astext().removesuffix("()"))
            if target and not isinstance(
                literal.parent, nodes.title | nodes.reference | pending_xref
            ):
                link = pending_xref(
                    "", refdomain="py", reftype="obj", reftarget=target,
                    refdoc=self.env.docname, refwarn=True,
                )  # fmt: skip
                literal.replace_self(link)
                link += literal


def setup(app):
    app.add_post_transform(NameLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
