-- Files of outcomes, complete before anything settles.

-- Chunks of a named file that are not there. A complete file becomes immutable here; one whose content is not what its
-- name says is forgotten, to be sent again.
create or replace function complete_file(p_tenant uuid, p_sha256 bytea, p_bytes bigint, p_name text, p_media_type text)
returns integer[] language plpgsql as $$
declare
  v_chunks constant integer := (p_bytes + 1048575) / 1048576;
  v_missing integer[];
  v_digest bytea;
begin
  if exists (select 1 from file where tenant_id = p_tenant and sha256 = p_sha256) then return '{}'; end if;
  select array_agg(i order by i) into v_missing from generate_series(0, v_chunks - 1) i
  where not exists (select 1 from file_chunk c where c.tenant_id = p_tenant and c.sha256 = p_sha256 and c.index = i);
  if v_missing is not null then return v_missing; end if;
  select sha256(coalesce(string_agg(content, ''::bytea order by index), ''::bytea)) into v_digest
  from file_chunk c where c.tenant_id = p_tenant and c.sha256 = p_sha256;
  if v_digest <> p_sha256 then
    delete from file_chunk c where c.tenant_id = p_tenant and c.sha256 = p_sha256;
    return array(select generate_series(0, greatest(v_chunks, 1) - 1));
  end if;
  insert into file (tenant_id, sha256, bytes, media_type, name)
  values (p_tenant, p_sha256, p_bytes, p_media_type, p_name) on conflict do nothing;
  return '{}';
end $$;

-- Completes the files an outcome names and ties them to the dispatch. Answers null, or what is missing.
create or replace function attach_files(p_tenant uuid, p_dispatch uuid, p_files jsonb) returns jsonb language plpgsql as $$
declare
  v_missing jsonb;
begin
  if p_files is null or p_files = '[]' then return null; end if;
  select jsonb_agg(jsonb_build_object('sha256', f.sha256, 'chunks', to_jsonb(gone.chunks))) into v_missing
  from jsonb_to_recordset(p_files) as f (sha256 text, bytes bigint, name text, "mediaType" text)
  cross join lateral (
    select complete_file(p_tenant, decode(f.sha256, 'hex'), f.bytes, f.name, f."mediaType") as chunks) gone
  where gone.chunks <> '{}';
  if v_missing is not null then return v_missing; end if;
  insert into dispatch_file (dispatch_id, tenant_id, sha256, name)
  select p_dispatch, p_tenant, decode(f.sha256, 'hex'), f.name
  from jsonb_to_recordset(p_files) as f (sha256 text, name text)
  on conflict do nothing;
  update upload set completed_at = now() where tenant_id = p_tenant and owner_kind = 'dispatch' and owner_id = p_dispatch
    and completed_at is null and sha256 in (select decode(f ->> 'sha256', 'hex') from jsonb_array_elements(p_files) f);
  return null;
end $$;
