/** The page: one model, one range of layers, and every picture answers to it. Only the arrangement; parts hold the rest. */
import { AlphaPanel } from '@/views/alpha-panel/AlphaPanel.tsx';
import { AnswerList } from '@/views/answers/AnswerList.tsx';
import { WorkLine } from '@/views/loading/WorkLine.tsx';
import { ModelPanel } from '@/views/model/ModelPanel.tsx';
import { PoolList } from '@/views/prompts/PoolList.tsx';
import { AlphaTrailPicture, BandScanPicture, ClassBarsPicture } from './CountPictures.tsx';
import { Header } from './Header.tsx';
import { LayerBar } from './LayerBar.tsx';
import { AngleGapPicture, AttentionPicture, CosineMapPicture, SimilarityPicture } from './LayerPictures.tsx';
import { Reading } from './Reading.tsx';
import './bench.css';

export function Bench() {
  return (
    <div className="bench">
      <Header />
      <div className="bench-work">
        <WorkLine />
      </div>
      <main className="bench-main">
        <div className="bench-strip">
          <LayerBar />
        </div>
        <div className="bench-alpha">
          <AlphaPanel />
          <ClassBarsPicture />
          <AlphaTrailPicture />
        </div>
        <div className="bench-pictures">
          <Reading />
          <BandScanPicture />
          <SimilarityPicture />
          <AngleGapPicture />
          <CosineMapPicture />
          <AttentionPicture />
        </div>
        <div className="bench-answers">
          <AnswerList />
        </div>
      </main>
      <aside className="bench-side" aria-label="Model and prompts">
        <PoolList />
        <ModelPanel />
      </aside>
    </div>
  );
}
