-- Present state of a job, in the form the workflows know. A database that met it in an earlier form of this step keeps it.
do $$ begin
  create type job_state as (
    "stepKey" text, "jobId" uuid, "dispatchId" uuid, attempt integer, state text, problem text
  );
exception when duplicate_object then null;
end $$;
