/** A part of the page that fails while drawing says so in its own place; everything else goes on. */
import { Component, type ReactNode } from 'react';
import { Button } from 'react-aria-components';

interface PartBoundaryProps {
  name: string;
  children: ReactNode;
}

export class PartBoundary extends Component<PartBoundaryProps, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div role="alert" className="figure-failed">
        <p>
          <strong>{this.props.name} could not be drawn.</strong> Settings and results are kept. (
          {error.message})
        </p>
        <Button className="quiet-button" onPress={() => this.setState({ error: null })}>
          Draw it again
        </Button>
      </div>
    );
  }
}
