/** Entry of the gallery: ?theme=light|dark, ?stage for the hall's size. */
import { createRoot } from 'react-dom/client';
import { Stage } from '@/elements/index.ts';
import '@/theme/tokens.css';
import { Gallery } from './Gallery.tsx';

const query = new URLSearchParams(location.search);
document.documentElement.dataset.theme = query.get('theme') ?? 'light';
createRoot(document.getElementById('root')!).render(
  query.has('stage') ? (
    <Stage>
      <Gallery />
    </Stage>
  ) : (
    <Gallery />
  ),
);
