/** The page: one model, one range of layers, and every picture answers to it. Only the arrangement; parts hold the rest. */
import { useApp } from '@/state/store.ts';
import { AlphaPanel } from '@/views/alpha-panel/AlphaPanel.tsx';
import { ScaleOptions } from '@/views/alpha-panel/ScaleOptions.tsx';
import { AnswerList } from '@/views/answers/AnswerList.tsx';
import { AskSection } from '@/views/ask/AskSection.tsx';
import { AttentionDeepSection } from '@/views/attention-deep/AttentionDeepSection.tsx';
import { ControlsSection } from '@/views/controls/ControlsSection.tsx';
import { WorkLine } from '@/views/loading/WorkLine.tsx';
import { LocateSection } from '@/views/locate/LocateSection.tsx';
import { MachineSection } from '@/views/machine/MachineSection.tsx';
import { ModelPanel } from '@/views/model/ModelPanel.tsx';
import { PoolList } from '@/views/prompts/PoolList.tsx';
import { RunsSection } from '@/views/runs/RunsSection.tsx';
import { TrainSection } from '@/views/train/TrainSection.tsx';
import { AlphaTrailPicture, BandScanPicture, ClassBarsPicture } from './CountPictures.tsx';
import { CurveOptions } from './CurveOptions.tsx';
import { Header } from './Header.tsx';
import { LayerBar } from './LayerBar.tsx';
import { AngleGapPicture, AttentionPicture, CosineMapPicture, SimilarityPicture } from './LayerPictures.tsx';
import { PageOptions } from './PageOptions.tsx';
import { PartBoundary } from './PartBoundary.tsx';
import { Reading } from './Reading.tsx';
import { RunFacts } from './RunFacts.tsx';
import './bench.css';

export function Bench() {
  const stage = useApp((state) => state.config.stage);
  return (
    <div className={stage ? 'bench on-stage' : 'bench'}>
      <Header />
      <section className="bench-work" aria-label="What is being computed">
        <WorkLine />
        <RunFacts />
      </section>
      <main className="bench-main">
        <div className="bench-centre">
          <div className="bench-strip">
            <LayerBar />
          </div>
          <div className="bench-pictures">
            <Reading />
            <PartBoundary name="Band scan">
              <BandScanPicture />
            </PartBoundary>
            <PartBoundary name="Similarity">
              <SimilarityPicture />
            </PartBoundary>
            <PartBoundary name="Angle gap">
              <AngleGapPicture />
            </PartBoundary>
            <PartBoundary name="Cosine map">
              <CosineMapPicture />
            </PartBoundary>
            <PartBoundary name="Attention">
              <AttentionPicture />
            </PartBoundary>
            <AttentionDeepSection />
          </div>
        </div>
        <div className="bench-right">
          <div className="bench-alpha">
            <AlphaPanel />
          </div>
          <div className="bench-counts">
            <PartBoundary name="Answers by class">
              <ClassBarsPicture />
            </PartBoundary>
            <ScaleOptions />
            <PartBoundary name="Trail of alphas">
              <AlphaTrailPicture />
            </PartBoundary>
            <PartBoundary name="Answers">
              <AnswerList />
            </PartBoundary>
          </div>
        </div>
      </main>
      <aside className="bench-side" aria-label="Model and prompts">
        <PoolList />
        <CurveOptions />
        <ModelPanel />
        <PageOptions />
      </aside>
      <AskSection />
      <LocateSection />
      <ControlsSection />
      <TrainSection />
      <RunsSection />
      <MachineSection />
    </div>
  );
}
