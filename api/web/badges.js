// Small labels that colour alone never explains: each has its word.
import { h } from './dom.js';
import { category, spell } from './words.js';

export const severityBadge = (severity) => h('span', { class: `badge severity ${severity}` }, spell(severity));
export const stateBadge = (state) => h('span', { class: `badge state ${state}` }, spell(state));
export const confidenceBadge = (confidence) => h('span', { class: 'badge plain' }, `confidence ${spell(confidence)}`);
export const categoryBadge = (value) => h('span', { class: 'badge plain' }, category(value));
