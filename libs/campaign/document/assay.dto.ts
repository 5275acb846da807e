import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { IsId, limit } from '../../protocol/document/decorators';
import { VersionedRef, versionedRef } from './versioned-ref.dto';

/** One read the plate reader takes of every well. */
export class ReadDocument {
  /** Name readouts use. */
  @IsId()
  id: string;

  /** What the reader does. */
  @IsIn(['absorbance', 'fluorescence'])
  mode: 'absorbance' | 'fluorescence';

  /** Absorbance: the wavelength; fluorescence: excitation. In nanometres. */
  @IsInt()
  @Min(200)
  @Max(1000)
  wavelengthNm: number;

  /** Fluorescence: emission in nanometres. */
  @IsOptional()
  @IsInt()
  @Min(200)
  @Max(1000)
  emissionNm?: number;

  /** Fluorescence: gain of the detector, in the reader's own scale. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(4095)
  gain?: number;
}

/** How reads become one number per well. */
export class ReadoutDocument {
  /** Name objectives and bands use. */
  @IsId()
  id: string;

  /** Unit of the value, e.g. `RFU/OD`; derived from the method when absent. */
  @IsOptional()
  @IsString()
  @MaxLength(32, limit)
  unit?: string;

  /** `ratio`: signal over OD, blanks subtracted; `growth-rate`: steepest slope of ln OD, per hour. */
  @IsIn(['ratio', 'growth-rate'])
  method: 'ratio' | 'growth-rate';

  /** Read id of the signal (ratio). */
  @IsOptional()
  @IsString()
  signal?: string;

  /** Read id of the optical density. */
  @IsString()
  od: string;

  /** Kinetic protocols: optical densities the ratio is averaged over, `[low, high]`. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(2)
  @ArrayMaxSize(2)
  @IsNumber({}, { each: true })
  odWindow?: number[];
}

/** What is measured. */
export class AssayDocument {
  /** Test protocol. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => VersionedRef)
  protocol: VersionedRef = versionedRef('plate-kinetic', '1');

  /** Medium of the assay. */
  @IsOptional()
  @IsString()
  @MaxLength(100, limit)
  medium: string = 'M9-glucose';

  /** Temperature of the assay in degrees Celsius. */
  @IsOptional()
  @IsNumber()
  @Min(4)
  @Max(60)
  temperatureC: number = 37;

  /** Optical density every culture starts from. */
  @IsOptional()
  @IsNumber()
  @Min(0.001)
  @Max(1)
  startOd: number = 0.05;

  /** Assay plates of one round. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(8, limit)
  platesPerRound: number = 1;

  /** Reads of every well. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(8, limit)
  @ValidateNested({ each: true })
  @Type(() => ReadDocument)
  reads: ReadDocument[];

  /** Numbers made of the reads. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(8, limit)
  @ValidateNested({ each: true })
  @Type(() => ReadoutDocument)
  readouts: ReadoutDocument[];
}

/** Values a control may take before its plate is held. */
export class BandDocument {
  /** Readout id. */
  @IsString()
  readout: string;

  /** Lowest mean, in the readout's unit. */
  @IsNumber()
  low: number;

  /** Highest mean, in the readout's unit. */
  @IsNumber()
  high: number;
}

/** Wells of every assay plate that hold no design. */
export class ControlDocument {
  /** Name. */
  @IsId()
  id: string;

  /** `blank`: medium only; `negative`: cells without signal; `reference`: a known construct. */
  @IsIn(['blank', 'negative', 'reference'])
  kind: 'blank' | 'negative' | 'reference';

  /** Code of the glycerol stock it is grown from; a blank has none. */
  @IsOptional()
  @IsString()
  @MaxLength(100, limit)
  sample?: string;

  /** Wells on every assay plate. */
  @IsInt()
  @Min(1)
  @Max(48, limit)
  wellsPerPlate: number;

  /** Values it may take before the plate is held. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(8, limit)
  @ValidateNested({ each: true })
  @Type(() => BandDocument)
  bands: BandDocument[] = [];
}

/** How often each construct is measured: three different numbers. */
export class ReplicationDocument {
  /** Verified clones of one construct. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(8)
  clonesPerDesign: number = 1;

  /** Cultures grown from one clone (biological replicates). */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(24)
  culturesPerClone: number = 3;

  /** Wells of one culture (technical replicates). */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(24)
  wellsPerCulture: number = 1;
}
