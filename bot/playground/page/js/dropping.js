/** Files that are dragged on to the page: it shows that it would take them, and takes them. */

/** Call `take(files)` when files are dropped on `node`; it is marked while they are over it. */
export function onDrop(node, take) {
  const mark = (over) => node.classList.toggle("taking", over);
  const holdsFiles = (event) => event.dataTransfer.types.includes("Files");
  node.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    mark(true);
  });
  node.addEventListener("dragleave", (event) => mark(node.contains(event.relatedTarget)));
  node.addEventListener("drop", (event) => {
    mark(false);
    if (!holdsFiles(event)) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });
}
