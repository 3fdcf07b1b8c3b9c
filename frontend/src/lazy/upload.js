// A file box: says at once when a file is too large, and shows a picture before it is sent.
export default function upload(root) {
  const box = root.querySelector('input[type=file]');
  const name = root.querySelector('[data-name]');
  const preview = root.querySelector('[data-preview]');
  const remove = root.querySelector('[name$="[remove]"]');
  const before = name.cloneNode(true);
  const picture = preview?.cloneNode(true);

  const restore = () => {
    name.replaceChildren(...before.cloneNode(true).childNodes);
    preview?.replaceChildren(...picture.cloneNode(true).childNodes);
  };

  box.addEventListener('change', () => {
    const file = box.files[0];
    name.classList.remove('text-danger');
    if (!file) {
      restore();
      return;
    }
    if (file.size > Number(root.dataset.max)) {
      box.value = '';
      restore();
      name.textContent = root.dataset.tooLarge;
      name.classList.add('text-danger');
      name.setAttribute('role', 'alert');
      return;
    }
    name.textContent = file.name;
    if (remove) remove.checked = false;
    if (!preview || !file.type.startsWith('image/')) return;
    // The policy of the page allows pictures of data: addresses, not of blob: ones.
    const reader = new FileReader();
    reader.addEventListener('load', () => {
      const image = new Image();
      image.alt = file.name;
      image.src = reader.result;
      preview.replaceChildren(image);
    });
    reader.readAsDataURL(file);
  });
}
