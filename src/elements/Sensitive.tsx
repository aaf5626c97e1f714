/** Text that an audience may not want to read: blurred until asked for, for everybody at once. */
import type { ReactNode } from 'react';
import './elements.css';

export function Sensitive({
  isSensitive,
  revealed,
  children,
}: {
  isSensitive: boolean;
  revealed: boolean;
  children: ReactNode;
}) {
  if (!isSensitive || revealed) return <>{children}</>;
  return (
    <span className="blurred">
      <span aria-hidden="true">{children}</span>
      <span className="visually-hidden">malicious prompt, hidden until revealed</span>
    </span>
  );
}
