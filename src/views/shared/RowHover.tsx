/** Rows of equal height under the pointer, around a LayerPlot, which knows the layer and not the row. */
import type { ReactNode } from 'react';

interface RowHoverProps {
  rowHeight: number;
  rowCount: number;
  onHoverRow: (row: number | null) => void;
  children: ReactNode;
}

export function RowHover({ rowHeight, rowCount, onHoverRow, children }: RowHoverProps) {
  return (
    <div
      onPointerMove={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        const row = Math.floor((event.clientY - box.top) / rowHeight);
        onHoverRow(row >= 0 && row < rowCount ? row : null);
      }}
      onPointerLeave={() => onHoverRow(null)}
    >
      {children}
    </div>
  );
}
