import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { IsId, limit, saying } from '../../protocol/document/decorators';
import { AssayDocument, ControlDocument, ReplicationDocument } from './assay.dto';
import { AssemblyDocument, BuildDocument, HostDocument } from './build.dto';
import { BudgetDocument, ObjectiveDocument, SelectionDocument, StopRuleDocument } from './goal.dto';
import { IsSlug } from './slug';
import { VersionedRef } from './versioned-ref.dto';

/** One position of the design. */
export class SlotDocument {
  /** Name rules and reactions use. */
  @IsId()
  id: string;

  /** `promoter`, `rbs`, `cds`, `terminator`, or the Sequence Ontology term (`SO:0000167`). */
  @IsString()
  @MaxLength(64, limit)
  role: string;

  /** Fusion sites left and right, by the standard's letters: `[A, B]`. */
  @IsArray()
  @ArrayMinSize(2)
  @ArrayMaxSize(2)
  @IsString({ each: true })
  position: string[];

  /** Part ids of the collection. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(96, limit)
  @IsString({ each: true })
  options: string[];
}

/** A combination of parts that is not allowed. */
export class RuleDocument {
  /** Slot id → parts; all slots named must match. */
  @IsObject()
  forbid: Record<string, string[]>;

  /** Why; kept with every rejected design. */
  @IsString()
  @MaxLength(500, limit)
  reason: string;
}

/** What is varied. */
export class LibraryDocument {
  /** Part collection. */
  @IsObject()
  @ValidateNested()
  @Type(() => VersionedRef)
  collection: VersionedRef;

  /** Positions of the design. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(24, limit)
  @ValidateNested({ each: true })
  @Type(() => SlotDocument)
  slots: SlotDocument[];

  /** Combinations that are not allowed. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(64, limit)
  @ValidateNested({ each: true })
  @Type(() => RuleDocument)
  rules: RuleDocument[] = [];

  /** Designs the first round holds in any case: slot id → part, every slot. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(96, limit)
  @IsObject({ each: true })
  mustInclude: Record<string, string>[] = [];
}

/** A step that waits for a person. */
export class ApprovalDocument {
  /** `next-round`: before each round after the first; `build-release`: before each build. */
  @IsIn(['next-round', 'build-release'])
  gate: 'next-round' | 'build-release';

  /** Who may approve. */
  @IsIn(['scientist', 'pi', 'ops', 'operator', 'biosafety'])
  role: 'scientist' | 'pi' | 'ops' | 'operator' | 'biosafety';

  /** True: recorded, but not waited for. */
  @IsOptional()
  @IsBoolean()
  auto: boolean = false;
}

/** A construct campaign as a scientist writes it. */
export class CampaignDocument {
  /** Always `anneal/v1`. */
  @IsIn(['anneal/v1'], saying({ code: 'unknown-schema' }))
  schema: string;

  /** Short name, unique: `two-colour-demo`. */
  @IsSlug()
  id: string;

  /** One line for people; the id when absent. */
  @IsOptional()
  @IsString()
  @MaxLength(200, limit)
  title?: string;

  /** What is varied. */
  @IsObject()
  @ValidateNested()
  @Type(() => LibraryDocument)
  library: LibraryDocument;

  /** How parts become constructs. */
  @IsObject()
  @ValidateNested()
  @Type(() => AssemblyDocument)
  assembly: AssemblyDocument;

  /** Where constructs live. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => HostDocument)
  host: HostDocument = new HostDocument();

  /** How constructs are built. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => BuildDocument)
  build: BuildDocument = new BuildDocument();

  /** What is measured. */
  @IsObject()
  @ValidateNested()
  @Type(() => AssayDocument)
  assay: AssayDocument;

  /** Wells every assay plate carries besides designs. */
  @IsArray()
  @ArrayMaxSize(16, limit)
  @ValidateNested({ each: true })
  @Type(() => ControlDocument)
  controls: ControlDocument[] = [];

  /** How often each construct is measured. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => ReplicationDocument)
  replication: ReplicationDocument = new ReplicationDocument();

  /** What better means. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(8, limit)
  @ValidateNested({ each: true })
  @Type(() => ObjectiveDocument)
  objectives: ObjectiveDocument[];

  /** What it may cost. */
  @IsObject()
  @ValidateNested()
  @Type(() => BudgetDocument)
  budget: BudgetDocument;

  /** How designs are chosen. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => SelectionDocument)
  selection: SelectionDocument = new SelectionDocument();

  /** When to stop before the rounds are used up. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(8, limit)
  @ValidateNested({ each: true })
  @Type(() => StopRuleDocument)
  stop: StopRuleDocument[] = [];

  /** What waits for a person. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(8, limit)
  @ValidateNested({ each: true })
  @Type(() => ApprovalDocument)
  approvals: ApprovalDocument[] = [];

  /** Seeds every draw of this campaign: layouts, first round, sampling. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(4_294_967_295)
  seed: number = 1;
}
