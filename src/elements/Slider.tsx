/** One number on a track, by mouse, touch and keyboard (react-aria). Marks are values worth returning to. */
import { Slider as AriaSlider, Label, SliderOutput, SliderThumb, SliderTrack } from 'react-aria-components';
import './elements.css';

export interface SliderProps {
  label: string;
  value: number;
  min: number;
  max: number;
  step: number;
  format: (value: number) => string;
  /** While dragging. */
  onChange: (value: number) => void;
  /** On release, and after each key. */
  onCommit?: (value: number) => void;
  /** The filled part of the track begins here, e.g. alpha = 1. */
  origin?: number;
  marks?: readonly { value: number; label: string }[];
  isDisabled?: boolean;
}

export function Slider(props: SliderProps) {
  const { min, max, origin = min } = props;
  const percent = (v: number) => (100 * (v - min)) / (max - min);
  const ends = [percent(origin), percent(props.value)].sort((a, b) => a - b) as [number, number];
  return (
    <AriaSlider
      className="slider"
      value={props.value}
      minValue={min}
      maxValue={max}
      step={props.step}
      isDisabled={props.isDisabled}
      onChange={props.onChange}
      onChangeEnd={props.onCommit}
    >
      <Label>{props.label}</Label>
      <SliderOutput>{props.format(props.value)}</SliderOutput>
      <SliderTrack className="slider-track">
        <div className="slider-rail" />
        <div className="slider-fill" style={{ left: `${ends[0]}%`, width: `${ends[1] - ends[0]}%` }} />
        {props.marks?.map((mark) => (
          <div key={mark.value} className="slider-mark" style={{ left: `${percent(mark.value)}%` }}>
            <span>{mark.label}</span>
          </div>
        ))}
        <SliderThumb className="slider-thumb" />
      </SliderTrack>
    </AriaSlider>
  );
}
