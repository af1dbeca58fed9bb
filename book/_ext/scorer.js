// Sphinx puts this at the head of its search: chapters come before the reference of the library and other lists.
const LATE = /^book\/(api|bibliography|status|settings-found)$/;
var Scorer = {
  score: ([docname, , , , score]) => (LATE.test(docname) ? score / 100 : score),
  objNameMatch: 11, objPartialMatch: 6, objPrio: { 0: 15, 1: 5, 2: -5 }, objPrioDefault: 0,
  title: 30, partialTitle: 12, term: 5, partialTerm: 2,
};
