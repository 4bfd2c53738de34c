// Makes a part of the page equal to a newer one, touching only what differs, so that the focus, a
// selection and the drawn curves stay. An element marked data-keep belongs to the scripts.

export function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.hasAttribute("data-keep")) return;
  attributes(old, fresh);
  children(old, fresh);
}

function attributes(old, fresh) {
  // Whether details are open is the reader's business.
  const ours = ({ name }) => !(name === "open" && old.nodeName === "DETAILS");
  for (const { name } of [...old.attributes].filter(ours)) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes].filter(ours)) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function children(old, fresh) {
  const named = new Map([...old.children].filter((one) => one.id).map((one) => [one.id, one]));
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const match = wanted.id ? named.get(wanted.id) : at;
    if (match && alike(match, wanted)) {
      if (match === at) at = at.nextSibling;
      else old.insertBefore(match, at);
      morph(match, wanted);
    } else {
      old.insertBefore(wanted, at);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function alike(old, wanted) {
  return old.nodeName === wanted.nodeName && (old.id || "") === (wanted.id || "");
}
