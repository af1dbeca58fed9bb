/* A pages host answers with 404.html at any depth, and the book may stand in a folder. The page asks for this script at
   each depth in turn; where one is found it knows the book's root by its own address. */
{
  const root = new URL("../", document.currentScript.src);
  document.getElementById("home").href = new URL("notebooks/index.html", root);
  document.getElementById("search").href = new URL("search.html", root);
  document.getElementById("more").hidden = false;
}
