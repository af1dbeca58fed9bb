/* Before the first paint: style sheets may hide what a script is about to replace. */
document.documentElement.classList.add("js");
