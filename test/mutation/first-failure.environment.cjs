const { TestEnvironment } = require('jest-environment-node');

/** Skips the rest of a file once a test of it failed under a mutant: that one is enough to kill it. */
module.exports = class FirstFailureEnvironment extends TestEnvironment {
  #failed = false;

  async handleTestEvent(event) {
    if (event.name === 'test_done' && event.test.errors.length > 0) this.#failed = true;
    if (event.name === 'test_start' && this.#failed) event.test.mode = 'skip';
  }
};
