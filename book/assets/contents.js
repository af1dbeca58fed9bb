/* The section that is marked in the contents at the side is the one that is read: the last whose heading stands in the
   upper third of the window. */
addEventListener("DOMContentLoaded", () => {
  const links = new Map();
  for (const link of document.querySelectorAll(".page-toc a[href^='#']")) {
    const section = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (section) links.set(section, link);
  }
  if (!links.size) return;
  let marked = null, asked = 0;
  const mark = () => {
    asked = 0;
    const end = scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
    const line = innerHeight / 3;
    let read = null;
    for (const section of links.keys()) {
      const top = section.getBoundingClientRect().top;
      if (top <= line || (end && top < innerHeight)) read = section;
    }
    if (read === marked) return;
    marked = read;
    for (const [section, link] of links) {
      link.classList.toggle("l0-read", section === read);
      section === read ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
    }
    // the contents may be longer than the window
    const box = links.get(read)?.closest(".bd-sidebar-secondary");
    const link = links.get(read)?.getBoundingClientRect(), frame = box?.getBoundingClientRect();
    if (link && (link.top < frame.top || link.bottom > frame.bottom)) box.scrollTop += link.top - frame.top - frame.height / 2;
  };
  const ask = () => (asked ||= requestAnimationFrame(mark));
  addEventListener("scroll", ask, { passive: true });
  addEventListener("resize", ask);
  ask(); // with the first picture, which lays the page out anyway
});
