import vm from "node:vm";

/**
 * Whether any process knows the name: by a list of what the language and Node bring along, since the
 * globals at hand may hold what a test runner or the program added. Asked of this Node, which may be older.
 */
export function isGlobal(name: string): boolean {
  return (
    known.has(name) && name in (vm.runInThisContext("globalThis") as object)
  );
}

const known = new Set(
  `Infinity NaN undefined globalThis global eval isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent
  encodeURI encodeURIComponent escape unescape Object Function Boolean Symbol Number BigInt Math Date String RegExp
  Array Map Set WeakMap WeakSet WeakRef FinalizationRegistry Iterator ArrayBuffer SharedArrayBuffer Atomics DataView
  Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array
  Float16Array Float32Array Float64Array JSON Promise Reflect Proxy Intl WebAssembly Error AggregateError EvalError
  RangeError ReferenceError SyntaxError TypeError URIError SuppressedError DisposableStack AsyncDisposableStack Temporal
  process Buffer console performance crypto navigator fetch structuredClone queueMicrotask atob btoa
  setTimeout clearTimeout setInterval clearInterval setImmediate clearImmediate
  AbortController AbortSignal Event EventTarget CustomEvent EventSource MessageChannel MessagePort MessageEvent
  BroadcastChannel Blob File FormData Headers Request Response WebSocket CloseEvent Storage URL URLSearchParams
  URLPattern TextEncoder TextDecoder TextEncoderStream TextDecoderStream CompressionStream DecompressionStream
  ReadableStream ReadableStreamDefaultReader ReadableStreamBYOBReader ReadableStreamBYOBRequest
  ReadableByteStreamController ReadableStreamDefaultController TransformStream TransformStreamDefaultController
  WritableStream WritableStreamDefaultController WritableStreamDefaultWriter ByteLengthQueuingStrategy
  CountQueuingStrategy Crypto CryptoKey SubtleCrypto DOMException Navigator Performance PerformanceEntry
  PerformanceMark PerformanceMeasure PerformanceObserver PerformanceObserverEntryList PerformanceResourceTiming`.split(
    /\s+/,
  ),
);
