import type { z } from 'zod';

/** The OpenAPI extension that holds CEL rules in a CustomResourceDefinition. */
export const VALIDATIONS = 'x-kubernetes-validations';

/** How the API server words the refusal: `Required value: …`, `Forbidden: …` or `Invalid value: "…": …`. */
type RefusalReason = 'FieldValueRequired' | 'FieldValueForbidden' | 'FieldValueInvalid';

/** One CEL rule as in a CustomResourceDefinition. */
interface CelValidation {
  rule: string;
  message: string;
  reason?: RefusalReason;
  fieldPath?: string;
}

/**
 * A rule of the API, said twice: in CEL for the API server and in TypeScript for the reconcile, because the
 * CustomResourceDefinition in a cluster may be older than the operator. Both show the same sentence.
 */
export interface Rule<T> {
  /** CEL on `self`; true when the value is right. */
  cel: string;
  /** What is wrong and what to write instead. It follows the field's path, so it starts in lower case. */
  message: string;
  reason?: RefusalReason;
  /** Field to blame, relative to the value. The value itself when absent. */
  field?: readonly string[];
  /** The same rule in TypeScript. */
  holds(value: T): boolean;
}

/** The schema with the rules added, for both readers. Existing rules are kept. */
export function withRules<S extends z.ZodType>(schema: S, ...rules: readonly Rule<z.output<S>>[]): S {
  const checked = schema.check(
    ...rules.map((rule) => (payload: z.core.ParsePayload<z.output<S>>) => {
      if (rule.holds(payload.value)) return;
      payload.issues.push({
        code: 'custom',
        message: rule.message,
        input: payload.value,
        path: [...(rule.field ?? [])],
      });
    }),
  );
  return withValidations(checked, rules.map(toValidation));
}

/**
 * The schema, unchangeable once set. Only the API server sees the old value, so this rule is CEL alone.
 * Use it on a field that is required or has a default; otherwise removing and adding it again gets round it.
 */
export function immutable<S extends z.ZodType>(schema: S, message: string): S {
  return withValidations(schema, [{ rule: 'self == oldSelf', message, reason: 'FieldValueForbidden' }]);
}

function toValidation<T>(rule: Rule<T>): CelValidation {
  return {
    rule: rule.cel,
    message: rule.message,
    ...(rule.reason && { reason: rule.reason }),
    ...(rule.field && { fieldPath: rule.field.map((name) => `.${name}`).join('') }),
  };
}

function withValidations<S extends z.ZodType>(schema: S, added: readonly CelValidation[]): S {
  const present = schema.meta()?.[VALIDATIONS];
  const kept: readonly unknown[] = Array.isArray(present) ? present : [];
  return schema.meta({ ...schema.meta(), [VALIDATIONS]: [...kept, ...added] });
}
