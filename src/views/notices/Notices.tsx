/** What went wrong or fell back, in sentences, with what to do: one list, announced, dismissable. */
import { Button } from 'react-aria-components';
import { dismiss, useApp } from '@/state/store.ts';
import './notices.css';

export function Notices() {
  const notices = useApp((state) => state.notices);
  const problems = notices.filter((notice) => notice.level === 'problem');
  const infos = notices.filter((notice) => notice.level === 'info');
  return (
    <>
      {/* Both regions are always there: a region that appears together with its text is not announced. */}
      <div role="alert" className="notices">
        {problems.map((notice) => (
          <NoticeLine key={notice.id} notice={notice} />
        ))}
      </div>
      <div role="status" className="notices">
        {infos.map((notice) => (
          <NoticeLine key={notice.id} notice={notice} />
        ))}
      </div>
    </>
  );
}

function NoticeLine({ notice }: { notice: ReturnType<typeof useApp.getState>['notices'][number] }) {
  return (
    <div className={`notice notice-${notice.level}`}>
      <p>
        {notice.level === 'problem' && <strong>Problem. </strong>}
        {notice.happened} {notice.todo}
      </p>
      {notice.action && (
        <Button
          className="quiet-button"
          onPress={() => {
            dismiss(notice.id);
            notice.action!.run();
          }}
        >
          {notice.action.label}
        </Button>
      )}
      <Button className="icon-button" aria-label="Dismiss" onPress={() => dismiss(notice.id)}>
        ✕
      </Button>
    </div>
  );
}
