/* A page that has moved: go on to its new address, with the question mark and the anchor of the old one, which a plain
   redirect would lose. Without scripts the page's own redirect and its link do. */
{
  const to = new URL(document.currentScript.dataset.to, location.href);
  to.search = location.search;
  to.hash = location.hash;
  location.replace(to);
}
