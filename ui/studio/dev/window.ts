/** Stands in for `@tauri-apps/api/window`: `antenneClose()` in the console asks to close. */
interface CloseRequest {
  preventDefault(): void;
}

export function getCurrentWindow(): unknown {
  return {
    onCloseRequested: (asked: (request: CloseRequest) => void): Promise<void> => {
      Object.assign(globalThis, { antenneClose: () => asked({ preventDefault: () => console.info("kept open") }) });
      return Promise.resolve();
    },
    emit: (): Promise<void> => Promise.resolve(),
    destroy: (): Promise<void> => {
      document.body.textContent = "closed";
      return Promise.resolve();
    },
  };
}
