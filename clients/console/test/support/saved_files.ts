import { beforeEach, vi } from "vitest";

/** Returns the files that the page has had the browser save, as they were saved. */
export function savedFiles(): Blob[] {
  const files: Blob[] = [];
  beforeEach(() => {
    files.length = 0;
    URL.createObjectURL = vi.fn((file) => {
      files.push(file as Blob);
      return "blob:file";
    });
    URL.revokeObjectURL = vi.fn();
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
  });
  return files;
}
