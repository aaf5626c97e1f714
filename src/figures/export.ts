/** Saving a figure: CSV, NPZ, SVG, PNG at twice the size, PDF, each with its origin inside. Pictures need a DOM. */
import { AppError } from '@/model/app-error.ts';
import { figureCsv } from './csv.ts';
import { liftFigure } from './lifting.ts';
import { withPngText } from './png-text.ts';
import { type FigureData, type Provenance, provenanceEntries } from './provenance.ts';
import { svgDocument } from './svg-document.ts';

export interface FigureToSave {
  /** File name without its ending. */
  name: string;
  title: string;
  caption: string;
  stats?: string;
  provenance: Provenance;
}

export function figureSvg(container: HTMLElement, figure: FigureToSave): string {
  return svgDocument({ ...figure, ...liftFigure(container) });
}

/** Rasterised by the browser at 2x; the origin stands in the caption and in iTXt chunks. */
export async function figurePng(container: HTMLElement, figure: FigureToSave): Promise<Blob> {
  const svg = figureSvg(container, figure);
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = 2 * image.naturalWidth;
    canvas.height = 2 * image.naturalHeight;
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
    if (!blob)
      throw new AppError(
        'out-of-memory',
        'The browser could not make a PNG of this figure.',
        'Save it as SVG, or make the window smaller and try again.',
      );
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const entries = [
      ['Title', figure.title],
      ['Software', 'Stratascope'],
      ...provenanceEntries(figure.provenance),
    ] as [string, string][];
    return new Blob([withPngText(bytes, entries)], { type: 'image/png' });
  } finally {
    URL.revokeObjectURL(url);
  }
}

export type FigureFormat = 'csv' | 'npz' | 'svg' | 'png' | 'pdf';

/** Makes the file and hands it to the browser's download. */
export async function saveFigure(
  format: FigureFormat,
  container: HTMLElement,
  data: FigureData,
  figure: FigureToSave,
): Promise<void> {
  const blob = await makeBlob(format, container, data, figure);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${figure.name}.${format}`;
  link.click();
  // Not at once: some browsers read the blob after the click has returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 30_000);
}

async function makeBlob(
  format: FigureFormat,
  container: HTMLElement,
  data: FigureData,
  figure: FigureToSave,
): Promise<Blob> {
  switch (format) {
    case 'csv':
      return new Blob([figureCsv(data, figure.provenance, figure.title)], { type: 'text/csv;charset=utf-8' });
    case 'svg':
      return new Blob([figureSvg(container, figure)], { type: 'image/svg+xml' });
    case 'png':
      return figurePng(container, figure);
    case 'npz': {
      const { figureNpz } = await import('./npz.ts');
      return new Blob([figureNpz(data, figure.provenance, figure.title)], { type: 'application/zip' });
    }
    case 'pdf': {
      const { figurePdf } = await import('./pdf.ts');
      return figurePdf(figureSvg(container, figure), figure);
    }
    default:
      return format satisfies never;
  }
}
