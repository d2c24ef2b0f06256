import { type DynamicModule, Module, type ValueProvider } from '@nestjs/common';

@Module({})
class GlobalValuesModule {}

/** A module that gives every other one these values: the configuration and the clock. */
export function provideGlobally(providers: ValueProvider[]): DynamicModule {
  return { module: GlobalValuesModule, global: true, providers, exports: providers };
}
