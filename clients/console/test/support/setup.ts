/** What jsdom leaves out of a browser. */

import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeEach } from "vitest";

// There is room for twenty rows.
Object.defineProperties(HTMLElement.prototype, {
  offsetHeight: { get: () => 40 },
  clientHeight: { get: () => 800 },
  clientWidth: { get: () => 1280 },
});

HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
  this.open = true;
};
HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) {
  this.open = false;
};

configure({ asyncUtilTimeout: 10_000 });

Blob.prototype.arrayBuffer ??= function arrayBuffer(this: Blob) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as ArrayBuffer);
    reader.readAsArrayBuffer(this);
  });
};
Blob.prototype.text ??= async function text(this: Blob) {
  return new TextDecoder().decode(await this.arrayBuffer());
};

beforeEach(() => {
  window.history.replaceState(null, "", "/organizations/acme");
  sessionStorage.clear();
});
afterEach(cleanup);
