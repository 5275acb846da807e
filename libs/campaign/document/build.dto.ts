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
import { VersionedRef } from './versioned-ref.dto';

/** One assembly reaction: parts of slots into a vector (level 1), or units into a vector (level 2). */
export class ReactionDocument {
  /** Name; later reactions take its product by it. */
  @IsId()
  id: string;

  /** 1 when it takes slots, 2 when it takes inputs; derived when absent. */
  @IsOptional()
  @IsIn([1, 2])
  level?: 1 | 2;

  /** Assembly method. */
  @IsOptional()
  @IsIn(['golden-gate'])
  method = 'golden-gate' as const;

  /** Type IIS enzyme: `BsaI`, `BbsI`, or one of their isoschizomers. */
  @IsString()
  enzyme: string;

  /** Vector of the collection, e.g. `DVK_AE`. */
  @IsString()
  backbone: string;

  /** Level 1: slots whose parts go in, in order along the product. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(12, limit)
  @IsString({ each: true })
  slots?: string[];

  /** Level 2: reactions whose products go in, in order along the product. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(8, limit)
  @IsString({ each: true })
  inputs?: string[];

  /** Volume of the reaction in microlitres. */
  @IsOptional()
  @IsNumber()
  @Min(1)
  @Max(100)
  volumeUl: number = 5;

  /** Amount of the vector and of every insert in femtomoles. */
  @IsOptional()
  @IsNumber()
  @Min(1)
  @Max(500)
  fmolPerPart: number = 12.5;
}

/** How parts become constructs. */
export class AssemblyDocument {
  /** Assembly standard; that of the collection when absent. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => VersionedRef)
  standard?: VersionedRef;

  /** Reactions in order: units first, then at most one that joins them. The last one makes the construct. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(9, limit)
  @ValidateNested({ each: true })
  @Type(() => ReactionDocument)
  reactions: ReactionDocument[];
}

/** Where constructs live. */
export class HostDocument {
  /** Strain the constructs go into. */
  @IsOptional()
  @IsString()
  @MaxLength(100, limit)
  strain: string = 'E. coli DH5alpha';

  /** Antibiotic that selects for the construct; that of the last vector when absent. */
  @IsOptional()
  @IsString()
  @MaxLength(64, limit)
  marker?: string;
}

/** How constructs are built. */
export class BuildDocument {
  /** Build protocol; the shipped Golden Gate protocol with as many levels as the assembly when absent. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => VersionedRef)
  protocol?: VersionedRef;

  /** Colonies picked per construct. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(8)
  clonesPerDesign: number = 2;

  /** Passes through assembly and transformation before a construct counts as failed. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(5)
  attempts: number = 2;

  /** The round goes on when at least this share of its designs is built. */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  proceedIfBuiltFraction: number = 0.7;
}
